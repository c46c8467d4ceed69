package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/cli"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
)

// TestPage serves a healthy cluster, and asks for the page twice: the second answer is the
// first report. It writes nothing, so that three checks are skipped.
func TestPage(t *testing.T) {
	l := healthy()
	args := slices.Concat(l.start(t)[1:], []string{"--web.listen-address=127.0.0.1:0", "--catch-up.max-age=0s", "--settle-delay=10m"})
	ctx, cancel := context.WithCancel(t.Context())
	logged, stderr := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- cli.Run(ctx, lastOfEach(args), nil, io.Discard, stderr)
		stderr.Close()
	}()
	address := ""
	for line := bufio.NewScanner(logged); address == "" && line.Scan(); {
		if _, after, ok := strings.Cut(line.Text(), `msg="Listening on" address=`); ok {
			address = after
		}
	}
	go io.Copy(io.Discard, logged)
	page := func(query string) string {
		resp, err := http.Get("http://" + address + "/doctor" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %v\n%s", resp.Status, err, body)
		}
		return string(body)
	}
	first := page("?format=json")
	if second := page("?format=json"); second != first {
		t.Error("the checks are made twice in a minute")
	}
	var r report
	if err := json.Unmarshal([]byte(first), &r); err != nil || r.Summary["pass"] != len(doctor.Checks())-3 || r.Summary["skipped"] != 3 {
		t.Errorf("%v %v", err, r)
	}
	if html := page(""); !strings.Contains(html, `<li id="reachable" class="check is-pass">`) {
		t.Error(html)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
