package main

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// network is the way from the clients to the proxy. Its modes:
//
//	open     as it should be
//	refuse   nobody listens, and what was connected is closed
//	swallow  half-open: bytes go nowhere in both directions and no end is ever said. A connection
//	         that has been through this stays so; only new ones work again.
//
// cut ends all connections once, as a server does that restarts.
type network struct {
	namespace, address string

	closed chan struct{}

	mu       sync.Mutex
	mode     string
	listener net.Listener
	opened   chan struct{} // closed when there is a listener again
	links    map[*link]struct{}
}

func newNetwork(namespace, address string) (*network, error) {
	n := &network{namespace: namespace, mode: "open", links: map[*link]struct{}{},
		opened: make(chan struct{}), closed: make(chan struct{})}
	listener, err := listenIn(namespace, address)
	if err != nil {
		return nil, err
	}
	n.address = listener.Addr().String() // with the port, which may have been 0
	n.listener = listener
	close(n.opened)
	return n, nil
}

// set changes the mode; "cut" leaves it as it is.
func (n *network) set(mode string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch mode {
	case "cut":
		n.closeLinks()
		return nil
	case "open":
		if n.mode == "refuse" {
			listener, err := listenIn(n.namespace, n.address)
			if err != nil {
				return err
			}
			n.listener = listener
			close(n.opened)
		}
	case "refuse":
		if n.mode != "refuse" {
			n.opened = make(chan struct{})
			_ = n.listener.Close()
			n.closeLinks()
		}
	case "swallow":
		if n.mode == "refuse" {
			return errors.New("nobody listens: open it first")
		}
		for l := range n.links {
			l.dead.Store(true)
		}
	default:
		return fmt.Errorf("no mode %q", mode)
	}
	n.mode = mode
	return nil
}

func (n *network) closeLinks() {
	for l := range n.links {
		_ = l.Conn.Close()
	}
	clear(n.links)
}

// Accept outlives the listener of the moment: while nobody listens it waits.
func (n *network) Accept() (net.Conn, error) {
	for {
		n.mu.Lock()
		listener, opened := n.listener, n.opened
		n.mu.Unlock()
		select {
		case <-opened:
		case <-n.closed:
			return nil, net.ErrClosed
		}
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return n.join(conn), nil
	}
}

func (n *network) join(conn net.Conn) net.Conn {
	l := &link{Conn: conn, network: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	l.dead.Store(n.mode == "swallow")
	n.links[l] = struct{}{}
	return l
}

func (n *network) Close() error {
	close(n.closed)
	return n.set("refuse")
}

func (n *network) Addr() net.Addr { return n.listener.Addr() }

// link is one connection of a client.
type link struct {
	net.Conn
	network *network
	dead    atomic.Bool
}

func (l *link) Read(p []byte) (int, error) {
	for {
		n, err := l.Conn.Read(p)
		if err != nil || !l.dead.Load() {
			return n, err
		}
	}
}

func (l *link) Write(p []byte) (int, error) {
	if l.dead.Load() {
		return len(p), nil
	}
	return l.Conn.Write(p)
}

// Close says nothing on a dead connection: its client is to find out by itself.
func (l *link) Close() error {
	if l.dead.Load() {
		return nil
	}
	l.network.mu.Lock()
	delete(l.network.links, l)
	l.network.mu.Unlock()
	return l.Conn.Close()
}

// reset ends a connection with RST instead of FIN.
func (l *link) reset() {
	if tcp, ok := l.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = l.Close()
}
