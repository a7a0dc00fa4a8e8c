// faultproxy stands between a controller and the API server and does to their requests what a test
// tells it. It ends TLS towards the controller with a certificate of the cluster's authority and
// passes the bearer token on. HTTP/1.1 on both sides.
//
// Rules choose requests by verb, resource, namespace, name or a regular expression on the target,
// and by their index: "the third write in namespace N". What happens to them:
//
//	delay      after so many milliseconds
//	drop       the connection closes without an answer          (before or after forwarding)
//	reset      as drop, with a TCP reset                        (before or after forwarding)
//	half-open  no byte and no end of the connection any more    (before or after forwarding)
//	answer     CODE with a Status body, perhaps Retry-After     (before or after forwarding)
//	hold       waits until it is let go: time to kill a client  (before or after forwarding)
//	freeze     no answer; in a watch no byte after so many events
//	truncate   half of the answer; in a watch half of the event after so many
//	error      in a watch, an ERROR event after so many events
//	empty      a watch that ends at once
//	duplicate  every event of a watch so many times more
//	lose       what a watch tells behind its set, but for bookmarks, for good
//	bookmarks  so many bookmarks with unknown annotations behind every event of a watch
//	no-bookmarks, opaque (versions that are no numbers), page (another page size of lists)
//	route      to another upstream
//
// The rules, the record of all requests and the state of the network are set and read over HTTP on
// loopback (admin.go). With --link-to it is also a slow TCP link (lag.go).
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

type flags struct {
	listen, namespace, admin, cert, key, ca string
	linkListen, linkTo, ready               string
	upstreams                               []string
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	var f flags
	flag.StringVar(&f.listen, "listen", "127.0.0.1:0", "address that the controller connects to")
	flag.StringVar(&f.namespace, "listen-namespace", "", "network namespace of --listen: a file")
	flag.StringVar(&f.admin, "admin", "127.0.0.1:0", "address that tests speak to")
	flag.StringVar(&f.cert, "cert", "", "PEM certificate chain, read again for every connection")
	flag.StringVar(&f.key, "key", "", "PEM private key, likewise")
	flag.StringVar(&f.ca, "ca", "", "PEM authorities that the upstreams are trusted by")
	flag.StringVar(&f.linkTo, "link-to", "", "address behind the slow link; empty: no link")
	flag.StringVar(&f.linkListen, "link-listen", "127.0.0.1:0", "address of the slow link")
	flag.StringVar(&f.ready, "ready-file", "", "gets the addresses, as NAME=ADDRESS lines, once all listen")
	flag.Func("upstream", "NAME=URL of an API server; the first one is used", func(text string) error {
		if !strings.Contains(text, "=") {
			return errors.New("want NAME=URL")
		}
		f.upstreams = append(f.upstreams, text)
		return nil
	})
	flag.Parse()
	if err := run(f); err != nil {
		log.Fatal(err)
	}
}

func run(f flags) error {
	trust, err := trustIn(f.ca)
	if err != nil {
		return err
	}
	p := &proxy{script: &script{}, record: newRecord(), upstreams: newUpstreams(trust)}
	for _, text := range f.upstreams {
		name, address, _ := strings.Cut(text, "=")
		p.upstreams.add(name, address)
	}
	front, err := newNetwork(f.namespace, f.listen)
	if err != nil {
		return err
	}
	admin, err := net.Listen("tcp", f.admin)
	if err != nil {
		return err
	}
	addresses := fmt.Sprintf("front=%s\nadmin=%s\n", front.Addr(), admin.Addr())
	failed := make(chan error, 3)
	var link *lag
	if f.linkTo != "" {
		listener, err := net.Listen("tcp", f.linkListen)
		if err != nil {
			return err
		}
		link = newLag(f.linkTo)
		addresses += fmt.Sprintf("link=%s\n", listener.Addr())
		go func() { failed <- link.serve(listener) }()
	}
	go func() { failed <- newServer(p, f.cert, f.key).ServeTLS(front, "", "") }()
	go func() { failed <- http.Serve(admin, newAdmin(p, front, link)) }()
	if err := announce(f.ready, addresses); err != nil {
		return err
	}
	return <-failed
}

func trustIn(file string) (*tls.Config, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", file)
	}
	return &tls.Config{RootCAs: roots}, nil
}

func newServer(p *proxy, cert, key string) *http.Server {
	return &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 30 * time.Second,
		// HTTP/2 off (a non-nil, empty map): the faults act on one connection per request.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		TLSConfig: &tls.Config{
			// A certificate that is replaced counts from the next connection on.
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				pair, err := tls.LoadX509KeyPair(cert, key)
				return &pair, err
			},
		},
	}
}

// announce writes the file in one step: who sees it sees all of it.
func announce(file, addresses string) error {
	log.Print(strings.ReplaceAll(strings.TrimSpace(addresses), "\n", " "))
	if file == "" {
		return nil
	}
	if err := os.WriteFile(file+".new", []byte(addresses), 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
