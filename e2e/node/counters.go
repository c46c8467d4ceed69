package node

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// every is how often the counters are read.
const every = time.Second

// reading is what the kernel has counted for a cgroup at a moment.
type reading struct {
	at     time.Time
	cpu    time.Duration // used since it began
	memory float64       // bytes in use
}

// counters are the readings of each container's cgroup, by the container's id.
type counters map[string][]reading

// count reads the counters of all containers until the context ends.
func count(ctx context.Context) counters {
	out := counters{}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for _, pattern := range []string{"pod*/*", "*/pod*/*"} { // guaranteed, and the others
			found, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup/cpuacct/kubepods", pattern, "cpuacct.usage"))
			for _, file := range found {
				if r, ok := read(filepath.Dir(file)); ok {
					id := filepath.Base(filepath.Dir(file))
					out[id] = append(out[id], r)
				}
			}
		}
		select {
		case <-ctx.Done():
			return out
		case <-tick.C:
		}
	}
}

// read reads a cgroup, unless it has just gone.
func read(dir string) (reading, bool) {
	cpu, ok := number(filepath.Join(dir, "cpuacct.usage"))
	r := reading{at: time.Now(), cpu: time.Duration(cpu)}
	if !ok {
		return r, false
	}
	memory, ok := number(filepath.Join(strings.Replace(dir, "/cpuacct/", "/memory/", 1), "memory.usage_in_bytes"))
	r.memory = float64(memory)
	return r, ok
}

func number(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}
