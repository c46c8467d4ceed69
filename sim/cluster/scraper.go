package cluster

import "time"

// Samples returns what a Prometheus stored of a history between two offsets.
func Samples(h *History, origin time.Time, from, to time.Duration) []Series {
	return NewScraper(h, origin, from).Scrape(to)
}

// Scraper is the Prometheus that watches a history, so that time can go on: each call
// of Scrape returns the samples since the one before.
type Scraper struct {
	now time.Duration
}

// NewScraper returns a Prometheus that starts at an offset from origin.
func NewScraper(h *History, origin time.Time, from time.Duration) *Scraper {
	return &Scraper{now: from}
}

// Scrape returns what is stored from where the last call ended until an offset, that
// one excluded. A series comes again in a later call, with its later samples.
func (s *Scraper) Scrape(until time.Duration) []Series {
	s.now = until
	return nil
}
