package web

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// mostConnections may be open at once. Each takes memory, up to its headers' size and more.
const mostConnections = 500

// connections closes the connection that has waited for a request for longest when there are
// too many. Clients that keep one open connect again.
type connections struct {
	most int

	mu      sync.Mutex
	open    int
	turn    uint64
	waiting map[net.Conn]uint64 // since which turn
}

func newConnections(most int) *connections {
	return &connections{most: most, waiting: map[net.Conn]uint64{}}
}

// changed is an http.Server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if surplus := c.enter(conn, state); surplus != nil {
		if t, ok := surplus.(*tls.Conn); ok {
			surplus = t.NetConn() // without a word to the client, which may not listen
		}
		_ = surplus.Close() // its own goroutine notices, and counts it as closed
	}
}

// enter notes a connection's state, and returns one that is to be closed.
func (c *connections) enter(conn net.Conn, state http.ConnState) (surplus net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew, http.StateIdle:
		c.turn++
		c.waiting[conn] = c.turn
	default:
		delete(c.waiting, conn)
	}
	switch state {
	case http.StateNew:
		c.open++
	case http.StateClosed, http.StateHijacked:
		c.open--
	}
	if state != http.StateNew || c.open <= c.most {
		return nil
	}
	for conn, turn := range c.waiting {
		if surplus == nil || turn < c.waiting[surplus] {
			surplus = conn
		}
	}
	delete(c.waiting, surplus)
	return surplus
}
