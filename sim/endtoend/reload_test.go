package endtoend

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/soak"
)

// TestReload has the exporter read its settings again, at random moments while it computes,
// delivers and catches up, most of them with a change: every window is there, once, and right,
// and what is served is never gone. SOAK_RELOADS says how often, SOAK_SEED when.
func TestReload(t *testing.T) {
	rounds, seed := soak.Setting(t, "SOAK_RELOADS", 5), soak.Setting(t, "SOAK_SEED", 1)
	t.Logf("SOAK_RELOADS=%d SOAK_SEED=%d", rounds, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 1))
	s := newSoak(t, func(*cluster.History) {})
	for range rounds {
		receiver := newReceiver(t)
		file := filepath.Join(t.TempDir(), "config.yml")
		// write changes settings that decide nothing about values. Some make the loop begin again.
		write := func() {
			t.Helper()
			text := fmt.Sprintf("web: {enable-lifecycle: true}\nquery: {concurrency: %d}\nremote-write: {timeout: %ds}\n", 1+random.IntN(3), 30+random.IntN(2))
			if random.IntN(5) == 0 {
				text = "nothing: such\n"
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(file, []byte("web: {enable-lifecycle: true}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p := s.Start(t, receiver, "", "--config.file="+file)
		address, err := p.Address(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ready := false
		for i := range 20 {
			time.Sleep(time.Duration(random.Int64N(int64(60 * time.Millisecond)))) // where in a window, is the test
			write()
			if i%2 == 0 {
				if err := syscall.Kill(p.ID(), syscall.SIGHUP); err != nil {
					t.Fatal(err)
				}
			} else if resp, err := http.Post("http://"+address+"/-/reload", "", nil); err != nil {
				t.Fatal(err)
			} else {
				resp.Body.Close()
			}
			resp, err := http.Get("http://" + address + "/-/ready")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if ready && resp.StatusCode != http.StatusOK {
				t.Error("what was ready is so no longer")
			}
			ready = ready || resp.StatusCode == http.StatusOK
		}
		s.Await(t, p, receiver)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		s.Judge(t, receiver)
	}
}
