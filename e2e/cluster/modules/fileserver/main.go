// fileserver serves one folder over https, as a model source for tests. It is static and needs
// nothing but its certificate, so its image is the one binary. With --get it is a client.
//
// A path prefix switches one fault on; the rest of the path names the file:
//
//	/flip/F        the byte in the middle of F is inverted
//	/short/F       F ends after its first half, and Content-Length agrees
//	/truncate/F    Content-Length is right, but the connection closes after half of the bytes
//	/reset/F       as truncate, with a TCP reset
//	/flaky/F       every second request for F is cut after half of its bytes (resume must work)
//	/stall/F       half of the bytes, then silence until the client gives up
//	/slow/F        about 1 MiB/s
//	/norange/F     Range headers are ignored
//	/auth/F        401 unless "Authorization: Bearer $TOKEN" (flag --token)
//	/status/CODE/F answers CODE
//	/redirect/F    302 to /F
//
// Faults act on what a request asked for: with a Range header on the range.
package main

import (
	"crypto/subtle"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

type server struct {
	root  string
	token string

	mu   sync.Mutex
	seen map[string]int // requests per path under /flaky/
}

// countingWriter remembers the status and the bytes for the access log. It also hides
// http.ResponseWriter's ReadFrom, so that sendfile does not bypass the count.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (s *server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w := &countingWriter{ResponseWriter: rw}
	defer func() {
		log.Printf("%s %s range=%q status=%d bytes=%d", r.Method, r.URL.Path,
			r.Header.Get("Range"), w.status, w.bytes)
	}()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == "/healthz" {
		fmt.Fprintln(w, "ok")
		return
	}
	fault, name := splitFault(r.URL.Path)
	switch fault {
	case "auth":
		if s.token == "" || !bearerIs(r, s.token) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="models"`)
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
	case "status":
		code, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
		status, err := strconv.Atoi(code)
		if err != nil || status < 200 || status > 599 {
			status = http.StatusBadRequest
		}
		http.Error(w, http.StatusText(status), status)
		return
	case "redirect":
		http.Redirect(w, r, name, http.StatusFound)
		return
	case "norange":
		r.Header.Del("Range")
	case "flaky":
		if s.evenRequest(r.URL.Path) {
			fault = ""
		} else {
			fault = "truncate"
		}
	}
	s.serveFile(w, r, fault, name)
}

func bearerIs(r *http.Request, token string) bool {
	got := []byte(r.Header.Get("Authorization"))
	return subtle.ConstantTimeCompare(got, []byte("Bearer "+token)) == 1
}

// evenRequest counts the GET requests for a path: the first is 1, hence odd.
func (s *server) evenRequest(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[name]++
	return s.seen[name]%2 == 0
}

var faults = map[string]bool{
	"flip": true, "short": true, "truncate": true, "reset": true, "flaky": true, "stall": true,
	"slow": true, "norange": true, "auth": true, "status": true, "redirect": true,
}

// splitFault takes the fault off the front of a request path. A path without one has fault "".
func splitFault(requested string) (fault, name string) {
	clean := path.Clean("/" + requested)
	first, rest, _ := strings.Cut(strings.TrimPrefix(clean, "/"), "/")
	if faults[first] {
		return first, "/" + rest
	}
	return "", clean
}

func (s *server) serveFile(w http.ResponseWriter, r *http.Request, fault, name string) {
	file, err := os.Open(filepath.Join(s.root, filepath.FromSlash(name)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	var content readSeekerAt = file
	size := info.Size()
	switch fault {
	case "flip":
		content = &flipped{readSeekerAt: file, at: size / 2}
	case "short":
		content = newSection(file, size/2)
	case "truncate", "reset", "stall", "slow":
		w = &faultyWriter{ResponseWriter: w, request: r, fault: fault, limit: -1}
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), size))
	http.ServeContent(w, r, name, info.ModTime(), content)
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	listen := flag.String("listen", ":8443", "address to listen on")
	root := flag.String("root", "/data", "folder to serve")
	cert := flag.String("cert", "/tls/tls.crt", "PEM certificate chain")
	key := flag.String("key", "/tls/tls.key", "PEM private key")
	token := flag.String("token", "", "bearer token that /auth/ asks for")
	plain := flag.Bool("plain", false, "serve http instead of https")
	portFile := flag.String("port-file", "", "write the port here once listening")
	url := flag.String("get", "", "fetch this address to standard output instead of serving")
	ca := flag.String("ca", "/tls/ca.crt", "PEM authorities that --get trusts")
	flag.Parse()
	if *url != "" {
		if err := get(*url, *ca, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	if *portFile != "" {
		port := listener.Addr().(*net.TCPAddr).Port
		if err := os.WriteFile(*portFile, []byte(strconv.Itoa(port)+"\n"), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	handler := &server{root: *root, token: *token, seen: map[string]int{}}
	// HTTP/2 off (a non-nil, empty map): the faults act on one connection per request.
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, TLSNextProto: noHTTP2}
	log.Printf("serving %s on %s", *root, listener.Addr())
	if *plain {
		log.Fatal(srv.Serve(listener))
	}
	log.Fatal(srv.ServeTLS(listener, *cert, *key))
}
