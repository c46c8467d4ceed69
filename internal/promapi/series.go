package promapi

// Answer is what a query returned.
type Answer struct{ Series []Series }

func (a *Answer) samples() (n int) {
	for _, s := range a.Series {
		n += len(s.Samples)
	}
	return n
}

// Series is one series of an answer; that of an instant vector holds one sample.
type Series struct {
	Labels  Labels
	Samples []Sample // in order of time
	Ends    []int64  // times (ms) of staleness markers, in order; only where the transport shows them
}

// What a series takes of memory is about so many bytes, with what slices have to spare.
const (
	seriesSize = 160
	labelSize  = 40
	sampleSize = 20
)

// Size returns about how many bytes the series takes, but for the texts of its labels.
func (s Series) Size() int64 {
	return seriesSize + labelSize*int64(len(s.Labels)) + sampleSize*int64(len(s.Samples)+len(s.Ends))
}

// Sample is a value and its time in milliseconds since the Unix epoch.
type Sample struct {
	T int64
	V float64
}

// Labels are a series' labels, in order of their names.
type Labels []Label

// Label is a name and its value.
type Label struct{ Name, Value string }

// Get returns the value of the label of that name, or "" where there is none, as PromQL has it.
func (l Labels) Get(name string) string {
	for i := range l {
		if l[i].Name == name {
			return l[i].Value
		}
	}
	return ""
}
