package promapi

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// nativeType is the type of an answer in VictoriaMetrics' native format.
const nativeType = "VictoriaMetrics/native"

// Export reads the raw samples of the selected series in [from, to) (ms) by one request for
// VictoriaMetrics' native export. It hands on each series once, whichever selectors select it,
// when the whole answer is there; the next one takes its memory, so each keeps a copy. An error
// of each is returned as it is.
func (c *Client) Export(ctx context.Context, selectors []Selector, from, to int64, each func(s Series) error) error {
	e := export{c: c, from: from, to: to, each: each, form: url.Values{
		"start": {timestamp(time.UnixMilli(from))}, "end": {timestamp(time.UnixMilli(to - 1))}, // both are inclusive
	}}
	maps.Copy(e.form, c.Engine(ctx).send)
	for _, s := range selectors {
		e.form.Add("match[]", s.String())
	}
	return c.handOut(ctx, &e, &e.handed, len(selectors))
}

// export is an exchange of the native export.
type export struct {
	c        *Client
	form     url.Values
	from, to int64
	each     func(s Series) error
	handed
}

func (e *export) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.c.endpoint("export/native").String(), strings.NewReader(e.form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

func (e *export) read(resp *http.Response, content io.Reader) error {
	if kind := resp.Header.Get("Content-Type"); kind != nativeType {
		return fmt.Errorf("%w: the answer is of type %q", errNotOffered, kind)
	}
	n, err := newNative(content, newBuilder(e.from, e.to, e.c.cfg.MaxAnswerBytes))
	if err != nil {
		return err
	}
	defer n.close()
	if err := n.readAll(); err != nil {
		return err
	}
	return n.handOn(func(s Series) error {
		e.note(s)
		if err := e.each(s); err != nil {
			return &callerError{err}
		}
		return nil
	})
}

func (e *export) refused(r refusal) Kind { return kindAtEndpoint(r) }
