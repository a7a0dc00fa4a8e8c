package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// proxy is the handler between the client and the API server.
type proxy struct {
	script    *script
	record    *record
	upstreams *upstreams
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// All of it first: the server notices that a client is gone only when nothing is left to read.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	x := exchange{proxy: p, w: w, r: r, call: newCall(r), body: body}
	x.index = p.record.begin(x.call, fingerprint(r.Header.Get("Authorization")))
	x.actions = p.script.actionsFor(x.call)
	outcome := x.run()
	p.record.end(x.index, x.status, outcome)
}

// fingerprint tells tokens apart without telling them.
func fingerprint(authorization string) string {
	if authorization == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(authorization))
	return hex.EncodeToString(sum[:4])
}

// upstreams are the API servers by name; requests go to the current one unless a rule says
// otherwise.
type upstreams struct {
	client *http.Client

	mu      sync.Mutex
	byName  map[string]string
	current string
}

func newUpstreams(trust *tls.Config) *upstreams {
	return &upstreams{
		byName: map[string]string{},
		client: &http.Client{
			// HTTP/1.1 here too: one connection a request, so that faults stay apart.
			Transport: &http.Transport{
				TLSClientConfig: trust, MaxIdleConnsPerHost: 64, DisableCompression: true,
				TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
			},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

func (u *upstreams) add(name, address string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.byName[name] = address
	if u.current == "" {
		u.current = name
	}
}

// choose makes another server the current one; its address may be new.
func (u *upstreams) choose(name string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.byName[name]; !known {
		return fmt.Errorf("no upstream %q", name)
	}
	u.current = name
	return nil
}

// address of the named server, or of the current one for "".
func (u *upstreams) address(name string) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if name == "" {
		name = u.current
	}
	address, known := u.byName[name]
	if !known {
		return "", fmt.Errorf("no upstream %q", name)
	}
	return address, nil
}
