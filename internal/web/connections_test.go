package web

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

// TestConnections: one connection more than there may be closes the one that has waited for
// longest, and is closed itself where all are busy.
func TestConnections(t *testing.T) {
	answer := make(chan struct{})
	slow := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answer })
	server := NewServer(Config{Metrics: slow, Log: slog.New(slog.DiscardHandler)})
	states := make(chan http.ConnState, 100)
	limit := newConnections(3)
	server.ConnState = func(c net.Conn, s http.ConnState) {
		limit.changed(c, s)
		states <- s
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	await := func(want http.ConnState) {
		for s := range states {
			if s == want {
				return
			}
		}
	}
	ask := func(c net.Conn) error {
		fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			await(http.StateIdle)
		}
		return err
	}
	closed := func(c net.Conn) bool {
		_, err := c.Read(make([]byte, 1))
		return err != nil
	}

	var all []net.Conn
	for range 3 {
		c := dial()
		if err := ask(c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := ask(all[0]); err != nil { // the second has waited for longest now
		t.Fatal(err)
	}
	fourth := dial()
	if err := ask(fourth); err != nil {
		t.Errorf("one more is refused: %v", err)
	}
	if !closed(all[1]) {
		t.Error("the one that has waited for longest is open")
	}
	busy := []net.Conn{all[0], all[2], fourth}
	for _, c := range busy {
		fmt.Fprint(c, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		await(http.StateActive)
	}
	if !closed(dial()) {
		t.Error("one more is open beside those that are busy")
	}
	close(answer)
	for _, c := range busy {
		if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
			t.Errorf("a busy one was cut off: %v", err)
		}
	}
}
