package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

var noHTTP2 = map[string]func(*http.Server, *tls.Conn, http.Handler){}

// readSeekerAt is what http.ServeContent reads a file through.
type readSeekerAt interface {
	io.ReadSeeker
	io.ReaderAt
}

// newSection is the file as if it ended after `size` bytes.
func newSection(file io.ReaderAt, size int64) readSeekerAt {
	return io.NewSectionReader(file, 0, size)
}

// flipped inverts the byte at one offset, whichever range is read.
type flipped struct {
	readSeekerAt
	at int64
}

func (f *flipped) Read(p []byte) (int, error) {
	from, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	n, err := f.readSeekerAt.Read(p)
	if f.at >= from && f.at < from+int64(n) {
		p[f.at-from] ^= 0xff
	}
	return n, err
}

const slowBytesPerSecond = 1 << 20

// faultyWriter lets half of the announced body pass and then does what its fault says; `slow`
// lets everything pass, in small steps.
type faultyWriter struct {
	http.ResponseWriter
	request *http.Request
	fault   string
	limit   int64 // bytes that may still pass; -1 before the header is written
}

func (w *faultyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *faultyWriter) WriteHeader(status int) {
	length, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	if err != nil {
		length = 0
	}
	w.limit = length / 2
	w.ResponseWriter.WriteHeader(status)
}

func (w *faultyWriter) Write(p []byte) (int, error) {
	if w.fault == "slow" {
		return w.writeSlowly(p)
	}
	if int64(len(p)) < w.limit {
		n, err := w.ResponseWriter.Write(p)
		w.limit -= int64(n)
		return n, err
	}
	if _, err := w.ResponseWriter.Write(p[:w.limit]); err != nil {
		return 0, err
	}
	w.limit = 0
	w.end()
	return 0, io.ErrClosedPipe
}

func (w *faultyWriter) writeSlowly(p []byte) (int, error) {
	const step = slowBytesPerSecond / 50
	written := 0
	for written < len(p) {
		select {
		case <-w.request.Context().Done():
			return written, w.request.Context().Err()
		case <-time.After(time.Second / 50):
		}
		n, err := w.ResponseWriter.Write(p[written:min(written+step, len(p))])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// end is called when half of the body is out: it never returns to a normal end of the response.
func (w *faultyWriter) end() {
	control := http.NewResponseController(w.ResponseWriter)
	// An error here means that the client is gone already, which is where all faults lead.
	_ = control.Flush()
	switch w.fault {
	case "stall":
		<-w.request.Context().Done()
	case "reset":
		reset(control)
	}
	panic(http.ErrAbortHandler)
}

// reset closes the TCP connection under TLS with lingering off, which makes the kernel send RST.
func reset(control *http.ResponseController) {
	conn, _, err := control.Hijack()
	if err != nil {
		return
	}
	if wrapped, ok := conn.(*tls.Conn); ok {
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
