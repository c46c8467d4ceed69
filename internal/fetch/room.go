package fetch

import (
	"fmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// heldShare is how much of an answer's bytes the series that are held of it may take: the rest
// is for what it is read through.
const heldShare = 3.0 / 8

// room is the memory for the series of one answer, or of the pieces of one.
type room struct {
	answer int64 // bytes that an answer may have, 0 for any number
	taken  int64
}

// take fails if there is no room for some series more.
func (r *room) take(series ...promapi.Series) error {
	for _, s := range series {
		r.taken += s.Size()
		for _, l := range s.Labels {
			r.taken += int64(len(l.Value))
		}
	}
	if most := int64(heldShare * float64(r.answer)); r.answer > 0 && r.taken > most {
		return &promapi.Error{Kind: promapi.TooLarge, Err: fmt.Errorf("its series take more than %d bytes of memory, as is allowed for an answer of %d", most, r.answer)}
	}
	return nil
}
