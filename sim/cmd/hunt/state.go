package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// state is what was computed, and what was wrong, in a file.
type state struct {
	path string

	Done   []seedRange `json:"done"`
	Failed []failure   `json:"failed"`
}

// seedRange is the seeds from From on, before To.
type seedRange struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

type failure struct {
	Seed       uint64   `json:"seed"`
	Name       string   `json:"name"`
	Deviations []string `json:"deviations"`
}

func loadState(dir string) (*state, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &state{path: filepath.Join(dir, "state.json")}
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(text, s)
}

// undone returns so many seeds from a first one on that were not computed yet.
func (s *state) undone(first, count uint64) []uint64 {
	var out []uint64
	for seed := first; uint64(len(out)) < count; seed++ {
		done := slices.ContainsFunc(s.Done, func(r seedRange) bool { return r.From <= seed && seed < r.To })
		if !done {
			out = append(out, seed)
		}
	}
	return out
}

// add remembers a batch.
func (s *state) add(batch, wrong []finding) error {
	for _, f := range batch {
		s.Done = append(s.Done, seedRange{f.seed, f.seed + 1})
	}
	slices.SortFunc(s.Done, func(a, b seedRange) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	merged := s.Done[:1]
	for _, r := range s.Done[1:] {
		if last := &merged[len(merged)-1]; r.From <= last.To {
			last.To = max(last.To, r.To)
		} else {
			merged = append(merged, r)
		}
	}
	s.Done = merged
	for _, f := range wrong {
		var off []string
		for _, d := range f.outcome.deviations {
			off = append(off, d.String())
		}
		if f.outcome.err != nil {
			off = append(off, f.outcome.err.Error())
		}
		s.Failed = append(s.Failed, failure{f.seed, f.named.Name, off})
	}
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.path, text, 0o644)
}
