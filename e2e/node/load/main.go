// The load command is what the containers of the test run: it uses CPU and memory as its
// flags say. How much it used is not its business: the counters of its cgroup have that.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// tick is how often the program looks whether it has to use more.
const tick = 20 * time.Millisecond

func main() {
	cores := flag.Float64("cpu", 0, "use so many cores")
	swing := flag.Float64("swing", 0, "use up to so many cores more and less, in turn")
	period := flag.Duration("period", 40*time.Second, "how long a swing takes")
	memory := flag.Float64("memory", 0, "hold so many MiB")
	grow := flag.Float64("grow", 0, "hold so many MiB more each second")
	lifetime := flag.Duration("lifetime", 0, "exit after so long; 0 is never")
	code := flag.Int("code", 0, "the exit code then")
	listen := flag.String("listen", "", "accept connections on an address, as a probe asks for")
	deaf := flag.Duration("deaf", 0, "accept none after so long; 0 is never")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if *lifetime > 0 {
		time.AfterFunc(*lifetime, func() { os.Exit(*code) })
	}
	if *listen != "" {
		if err := accept(ctx, *listen, *deaf); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
	began := time.Now()
	var held [][]byte
	for bytes := 0.0; ctx.Err() == nil; time.Sleep(tick) {
		age := time.Since(began).Seconds()
		for want := (*memory + *grow*age) * (1 << 20); bytes < want; {
			size := min(want-bytes, 64<<20)
			held, bytes = append(held, touched(int(size))), bytes+size
		}
		// The integral of cores + swing x sin(2 pi age / period).
		turn := 2 * math.Pi / period.Seconds()
		burn(*cores*age + *swing/turn*(1-math.Cos(turn*age)))
	}
	runtime.KeepAlive(held)
}

// accept accepts connections until it is deaf, and closes them.
func accept(ctx context.Context, address string, deaf time.Duration) error {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if deaf > 0 {
		time.AfterFunc(deaf, func() { l.Close() })
	}
	go func() {
		for {
			connection, err := l.Accept()
			if err != nil {
				return
			}
			connection.Close()
		}
	}()
	return nil
}

// touched returns memory that is in use from its first to its last page.
func touched(size int) []byte {
	b := make([]byte, max(size, 1))
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	return b
}

// burn uses CPU until this process has used so many seconds in all.
func burn(target float64) {
	for n := 0; ; n++ {
		if n%1_000_000 == 0 && used() >= target {
			return
		}
	}
}

func used() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return math.Inf(1)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
