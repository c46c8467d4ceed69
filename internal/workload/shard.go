package workload

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Shard is one of several exporters that share a Prometheus' models between them, by
// namespace: a model's pods are all in one. The zero Shard has them all.
type Shard struct{ index, count uint64 }

// ParseShard reads "i/n", the shard i of n, counted from 0 as kube-state-metrics' --shard
// and Prometheus' hashmod do. The error completes a sentence that begins with the text.
func ParseShard(s string) (Shard, error) {
	i, n, ok := strings.Cut(s, "/")
	index, errIndex := strconv.ParseUint(i, 10, 32)
	count, errCount := strconv.ParseUint(n, 10, 32)
	switch {
	case !ok || errIndex != nil || errCount != nil:
		return Shard{}, errors.New("is not a shard: write 0/3 for the first of three, 0/1 for everything")
	case count == 0:
		return Shard{}, errors.New("is a shard of none: write 0/1 for everything")
	case index >= count:
		return Shard{}, fmt.Errorf("is beyond the last shard: they count from 0, so the last is %d/%d", count-1, count)
	}
	return Shard{index, count}, nil
}

// String returns the shard as ParseShard reads it.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.index, max(s.count, 1)) }

// Whole says whether there are no other shards.
func (s Shard) Whole() bool { return s.count <= 1 }

// Holds says whether a namespace's models are this shard's: xxHash64 of its name, with seed
// 0, modulo the number of shards is the shard's number. The rule never changes, so that
// replicas, restarts and versions agree whose a namespace is.
func (s Shard) Holds(namespace string) bool {
	return s.Whole() || xxhash.Sum64String(namespace)%s.count == s.index
}
