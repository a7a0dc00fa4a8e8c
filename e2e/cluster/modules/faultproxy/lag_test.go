package main

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// echo answers every line with itself.
func echo(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					if _, err := conn.Write(append(lines.Bytes(), '\n')); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener
}

func TestALinkPassesLateOrNotAtAllButEverythingInOrder(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	l := newLag(echo(t).Addr().String())
	go func() { _ = l.serve(listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	send := func(text string) {
		t.Helper()
		if _, err := conn.Write([]byte(text + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	receive := func(want string) {
		t.Helper()
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if got, err := answers.ReadString('\n'); err != nil || got != want+"\n" {
			t.Fatalf("got %q, err %v, want %q", got, err, want)
		}
	}
	set := func(mode string, delay time.Duration) {
		t.Helper()
		if err := l.set(mode, delay); err != nil {
			t.Fatal(err)
		}
	}
	send("at once")
	receive("at once")

	set("open", 150*time.Millisecond)
	began := time.Now()
	send("late")
	receive("late")
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Fatalf("came after %v", took)
	}

	set("freeze", 0)
	send("one")
	send("two")
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if got, err := answers.ReadString('\n'); err == nil {
		t.Fatalf("passed while frozen: %q", got)
	}
	set("open", 0)
	receive("one")
	receive("two")
}

func TestALinkKnowsItsModes(t *testing.T) {
	if newLag("").set("melt", 0) == nil || (*lag)(nil).set("open", 0) == nil {
		t.Fatal("accepted")
	}
}
