package promapi

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	errRow       = errors.New("a row has neither one value nor a list of values")
	errTime      = errors.New("a sample's time is no time")
	errHistogram = errors.New("it holds a native histogram where a number belongs")
)

// row reads {"metric":{...},"value":[...]}, or the same with "values":[[...],...].
func (d *decoder) row() error {
	d.begin()
	one, many := 0, 0
	err := d.object(func(name string) error {
		switch name {
		case "metric":
			return d.object(d.readLabel)
		case "value":
			one++
			return d.readSample(d.oneValue)
		case "values":
			return d.array(func() error {
				many++
				return d.readSample(d.rawValue)
			})
		case "histograms":
			d.histograms = true
		case "histogram":
			return errHistogram
		}
		return d.SkipValue()
	})
	switch {
	case err != nil:
		return err
	case one > 1 || (one > 0) == (many > 0 || d.histograms):
		return errRow
	}
	d.complete()
	d.vectors, d.matrices = d.vectors || one > 0, d.matrices || one == 0
	if err := errors.Join(sortLabels(d.now.Labels), d.fits()); err != nil || d.empty() {
		return err
	}
	d.kept += d.now.Size()
	d.answer.Series = append(d.answer.Series, d.keeper.Keep(d.now))
	return nil
}

func (d *decoder) readLabel(name string) error {
	text, err := d.string()
	d.now.Labels = append(d.now.Labels, Label{name, text})
	return err
}

// readSample reads [seconds, "value"].
func (d *decoder) readSample(add func(t int64, v float64) error) error {
	if err := d.expect(jsontext.KindBeginArray); err != nil {
		return err
	}
	number, err := d.scalar(jsontext.KindNumber)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseFloat(string(number), 64)
	if err != nil || math.Abs(seconds) > latestSecond {
		return errTime
	}
	text, err := d.unquoted()
	if err != nil {
		return err
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("%.40q is not a number", text)
	}
	if err := add(int64(math.Round(seconds*1000)), v); err != nil {
		return err
	}
	return d.expect(jsontext.KindEndArray)
}

const latestSecond = 1e12 // so that milliseconds are exact

// oneValue adds what an expression results in.
func (d *decoder) oneValue(t int64, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("a value is %v", v)
	}
	return d.add(t, v)
}
