package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// lag is a TCP link that can make what lies behind it seem older than it is: the answers pass late
// or not at all, in order and complete; the requests pass at once. Between etcd and an API server
// it makes an API server whose watch cache lies behind.
type lag struct {
	to string

	mu      sync.Mutex
	frozen  bool
	delay   time.Duration
	changed chan struct{} // closed and replaced with every change
}

func newLag(to string) *lag { return &lag{to: to, changed: make(chan struct{})} }

// set: "open" passes everything on, `delay` after it came; "freeze" keeps everything until then.
func (l *lag) set(mode string, delay time.Duration) error {
	if l == nil {
		return errors.New("this proxy has no link")
	}
	if mode != "open" && mode != "freeze" {
		return fmt.Errorf("no mode %q", mode)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen, l.delay = mode == "freeze", delay
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

func (l *lag) serve(listener net.Listener) error {
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		server, err := net.Dial("tcp", l.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		}()
		go l.answer(client, server)
	}
}

// piece is what was read of a connection at once; an empty one is its end.
type piece struct {
	bytes []byte
	came  time.Time
}

func (l *lag) answer(client, server net.Conn) {
	// The queue is long, because the server must not notice that nobody reads.
	queue := make(chan piece, 1<<16)
	go func() {
		defer close(queue)
		for {
			buffer := make([]byte, 32<<10)
			n, err := server.Read(buffer)
			if n > 0 {
				queue <- piece{buffer[:n], time.Now()}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range queue {
		l.await(p.came)
		if _, err := client.Write(p.bytes); err != nil {
			_ = server.Close()
			break
		}
	}
	_ = client.Close()
	for range queue { // lets the reader end
	}
}

// await returns when something that came then may pass.
func (l *lag) await(came time.Time) {
	for {
		l.mu.Lock()
		left, changed := time.Until(came.Add(l.delay)), l.changed
		if l.frozen {
			left = time.Hour
		}
		l.mu.Unlock()
		if left <= 0 {
			return
		}
		select {
		case <-time.After(left):
		case <-changed:
		}
	}
}
