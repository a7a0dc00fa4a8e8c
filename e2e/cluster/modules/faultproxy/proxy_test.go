package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const deployments = "/apis/apps/v1/namespaces/shop/deployments"

// fakeServer answers every request with its own body, and every watch with the lines of `events`,
// after which the watch stays open.
type fakeServer struct {
	mu     sync.Mutex
	seen   []string
	events []string
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Query().Get("watch") == "" {
		fmt.Fprintf(w, `{"metadata":{"resourceVersion":"7"},"got":%q}`, body)
		return
	}
	for _, line := range f.events {
		fmt.Fprintln(w, line)
	}
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func (f *fakeServer) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.seen...)
}

// bench is a client before the proxy before a fake API server, all with TLS.
type bench struct {
	t       *testing.T
	server  *fakeServer
	proxy   *proxy
	network *network
	url     string
	client  *http.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, server: &fakeServer{}}
	upstream := httptest.NewTLSServer(b.server)
	t.Cleanup(func() { upstream.CloseClientConnections(); upstream.Close() })
	roots := x509.NewCertPool()
	roots.AddCert(upstream.Certificate())
	b.proxy = &proxy{script: &script{}, record: newRecord(),
		upstreams: newUpstreams(&tls.Config{RootCAs: roots})}
	b.proxy.upstreams.add("real", upstream.URL)
	var err error
	if b.network, err = newNetwork("", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	server := newServer(b.proxy, "", "")
	server.TLSConfig = &tls.Config{Certificates: upstream.TLS.Certificates}
	go func() { _ = server.ServeTLS(b.network, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	b.url = "https://" + b.network.Addr().String()
	b.client = &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots,
			ServerName: "example.com"}}}
	return b
}

func (b *bench) rules(text string) {
	b.t.Helper()
	if err := b.proxy.script.set(strings.NewReader(`{"rules": [` + text + `]}`)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) do(method, target, body string) (*http.Response, string, error) {
	b.t.Helper()
	request, err := http.NewRequest(method, b.url+target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer secret")
	response, err := b.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

// outcome waits for the end of the request with that index.
func (b *bench) outcome(index int) string {
	b.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		entries := b.proxy.record.since(index)
		if len(entries) > 0 && entries[0].Ended > 0 {
			return entries[0].Outcome
		}
		time.Sleep(time.Millisecond)
	}
	b.t.Fatalf("request %d does not end: %+v", index, b.proxy.record.since(0))
	return ""
}

func TestPassesRequestsOnAndRecordsThem(t *testing.T) {
	b := newBench(t)
	response, body, err := b.do("PATCH", deployments+"/web/status?fieldManager=slipway", "intent")
	if err != nil || response.StatusCode != 200 || !strings.Contains(body, "intent") {
		t.Fatalf("err %v, body %q", err, body)
	}
	want := "PATCH " + deployments + "/web/status?fieldManager=slipway Bearer secret"
	if got := b.server.requests(); len(got) != 1 || got[0] != want {
		t.Fatalf("the server saw %q", got)
	}
	if next, open := b.proxy.record.state(); next != 1 || len(open) > 1 {
		t.Fatalf("next %d, open %+v", next, open)
	}
	b.outcome(0)
	got := b.proxy.record.since(0)[0]
	if got.Verb != "patch" || got.Resource != "deployments" || got.Subresource != "status" ||
		got.Namespace != "shop" || got.Name != "web" || got.Status != 200 || got.Outcome != "passed" ||
		len(got.Token) != 8 {
		t.Fatalf("recorded as %+v", got)
	}
}

func TestRulesCountWhatTheyMatch(t *testing.T) {
	b := newBench(t)
	b.rules(`{"match": {"writes": true, "namespace": "shop"}, "from": 2, "count": 2,
		"action": {"kind": "answer", "code": 429, "retryAfter": 7}}`)
	var codes []int
	for _, method := range []string{"GET", "POST", "GET", "PUT", "DELETE", "POST"} {
		response, body, err := b.do(method, deployments, "")
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, response.StatusCode)
		if response.StatusCode == 429 && (response.Header.Get("Retry-After") != "7" ||
			!strings.Contains(body, `"reason":"TooManyRequests"`)) {
			t.Fatalf("header %v, body %s", response.Header, body)
		}
	}
	if fmt.Sprint(codes) != "[200 200 200 429 429 200]" {
		t.Fatalf("codes %v", codes)
	}
	b.do("PUT", strings.Replace(deployments, "shop", "other", 1), "")
	if got := len(b.server.requests()); got != 5 {
		t.Fatalf("the server saw %d requests", got)
	}
}

func TestChancesFollowTheirSeed(t *testing.T) {
	text := `{"seed": 4, "rules": [{"chance": 0.3, "action": {"kind": "drop"}}]}`
	run := func() (hits string) {
		var s script
		if err := s.set(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		for range 200 {
			hits += fmt.Sprint(len(s.actionsFor(call{})))
		}
		return hits
	}
	first := run()
	if n := strings.Count(first, "1"); n < 40 || n > 80 || first != run() {
		t.Fatalf("%d of 200, or not the same twice", n)
	}
}

func TestRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for _, text := range []string{
		`{"rules": [{"action": {"kind": "explode"}}]}`,
		`{"rules": [{"action": {"kind": "answer"}}]}`,
		`{"rules": [{"match": {"target": "("}, "action": {"kind": "drop"}}]}`,
		`{"rules": [{"when": 3, "action": {"kind": "drop"}}]}`,
	} {
		if err := (&script{}).set(strings.NewReader(text)); err == nil {
			t.Errorf("accepted %s", text)
		}
	}
}

func TestBeforeForwardingTheServerSeesNothingAfterItDidIt(t *testing.T) {
	for kind, isReset := range map[string]bool{"drop": false, "reset": true} {
		for _, after := range []bool{false, true} {
			b := newBench(t)
			b.rules(fmt.Sprintf(`{"count": 1, "action": {"kind": %q, "after": %v}}`, kind, after))
			_, _, err := b.do("POST", deployments, "x")
			if err == nil || errors.Is(err, syscall.ECONNRESET) != isReset {
				t.Errorf("%s, after=%v: err %v", kind, after, err)
			}
			if got := len(b.server.requests()) == 1; got != after {
				t.Errorf("%s, after=%v: the server saw it: %v", kind, after, got)
			}
			if _, _, err := b.do("POST", deployments, "x"); err != nil {
				t.Errorf("%s: the next one fails: %v", kind, err)
			}
		}
	}
}

func TestHeldRequestsWaitOrDieWithTheirClient(t *testing.T) {
	for _, after := range []bool{false, true} {
		b := newBench(t)
		b.rules(fmt.Sprintf(`{"from": 2, "count": 1, "action": {"kind": "hold", "after": %v}},
			{"from": 3, "action": {"kind": "hold", "after": %v}}`, after, after))
		b.do("POST", deployments, "first")
		ctx, kill := context.WithCancel(context.Background())
		request, _ := http.NewRequestWithContext(ctx, "POST", b.url+deployments, strings.NewReader("2nd"))
		died := make(chan error)
		go func() { _, err := b.client.Do(request); died <- err }()
		if held := b.waitHeld(); held == nil || held.Index != 1 {
			t.Fatalf("held: %+v", held)
		}
		if got := len(b.server.requests()) == 2; got != after {
			t.Fatalf("after=%v: the server saw it: %v", after, got)
		}
		kill()
		<-died
		if got := b.outcome(1); !strings.HasPrefix(got, "client gone while held") {
			t.Fatalf("outcome %q", got)
		}
		if got := len(b.server.requests()) == 2; got != after {
			t.Fatalf("after=%v: forwarded without a client", after)
		}
		answered := make(chan error)
		go func() { _, _, err := b.do("POST", deployments, "third"); answered <- err }()
		b.waitHeld()
		b.proxy.record.release()
		if err := <-answered; err != nil {
			t.Fatalf("released: %v", err)
		}
	}
}

func (b *bench) waitHeld() *entry {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return b.proxy.record.waitHeld(ctx)
}

func TestWhatWasForwardedIsCarriedOutWithoutItsClient(t *testing.T) {
	b := newBench(t)
	arrived, finished := make(chan struct{}), make(chan error, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		close(arrived)
		select {
		case <-r.Context().Done():
			finished <- r.Context().Err()
		case <-time.After(300 * time.Millisecond):
			finished <- nil
		}
	}))
	defer slow.Close()
	b.proxy.upstreams.add("slow", slow.URL)
	b.rules(`{"action": {"kind": "route", "upstream": "slow"}}`)
	ctx, kill := context.WithCancel(context.Background())
	request, _ := http.NewRequestWithContext(ctx, "POST", b.url+deployments, strings.NewReader("x"))
	go func() { <-arrived; kill() }()
	if _, err := b.client.Do(request); err == nil {
		t.Fatal("answered to a dead client")
	}
	if err := <-finished; err != nil {
		t.Fatalf("interrupted: %v", err)
	}
}

func TestDelayTruncateFreezeOfAnAnswer(t *testing.T) {
	b := newBench(t)
	b.rules(`{"match": {"verb": "get"}, "action": {"kind": "delay", "milliseconds": 100}},
		{"match": {"verb": "create"}, "action": {"kind": "truncate"}},
		{"match": {"verb": "patch"}, "action": {"kind": "freeze"}}`)
	began := time.Now()
	if _, _, err := b.do("GET", deployments+"/web", ""); err != nil || time.Since(began) < 100*time.Millisecond {
		t.Fatalf("delay: err %v after %v", err, time.Since(began))
	}
	_, body, err := b.do("POST", deployments, "x")
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 {
		t.Fatalf("truncate: err %v, body %q", err, body)
	}
	b.client.Timeout = 200 * time.Millisecond
	if _, _, err := b.do("PATCH", deployments+"/web", "x"); err == nil {
		t.Fatal("a frozen request was answered")
	}
	if got := b.outcome(2); got != "frozen before forwarding" {
		t.Fatalf("outcome %q", got)
	}
}

func TestPageOpaqueRoute(t *testing.T) {
	b := newBench(t)
	other := &fakeServer{}
	second := httptest.NewServer(other)
	defer second.Close()
	b.proxy.upstreams.add("other", second.URL)
	b.rules(`{"match": {"verb": "list"}, "action": {"kind": "page", "limit": 2}},
		{"match": {"verb": "list"}, "action": {"kind": "opaque"}},
		{"match": {"verb": "delete"}, "action": {"kind": "route", "upstream": "other"}}`)
	_, body, _ := b.do("GET", deployments+"?limit=500&resourceVersion=v-12", `{"resourceVersion":"v-3"}`)
	if got := b.server.requests()[0]; !strings.Contains(got, "?limit=2&resourceVersion=12 ") {
		t.Fatalf("the server saw %q", got)
	}
	if !strings.Contains(body, `"resourceVersion":"v-7"`) || !strings.Contains(body, `resourceVersion\":\"3`) {
		t.Fatalf("body %s", body)
	}
	b.do("DELETE", deployments+"/web", "")
	if len(b.server.requests()) != 1 || len(other.requests()) != 1 {
		t.Fatal("not routed")
	}
	if err := b.proxy.upstreams.choose("other"); err != nil {
		t.Fatal(err)
	}
	b.do("POST", deployments, "")
	if len(other.requests()) != 2 {
		t.Fatal("the current upstream is not used")
	}
}

// watch returns what arrives of a watch until it ends or nothing comes for a while.
func (b *bench) watch(target string) (lines []string, rest string, ended bool) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	quiet := time.AfterFunc(300*time.Millisecond, cancel)
	request, _ := http.NewRequestWithContext(ctx, "GET", b.url+target, nil)
	response, err := b.client.Do(request)
	if err != nil {
		return nil, "", ctx.Err() == nil
	}
	defer response.Body.Close()
	reader := bufio.NewReader(response.Body)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return lines, line, ctx.Err() == nil
		}
		quiet.Reset(300 * time.Millisecond)
		lines = append(lines, line)
	}
}

func addedEvent(version int) string {
	return fmt.Sprintf(`{"type":"ADDED","object":{"kind":"Deployment","apiVersion":"apps/v1",`+
		`"metadata":{"name":"web","resourceVersion":"%d"}}}`, version)
}

const setEnd = `{"type":"BOOKMARK","object":{"kind":"Deployment","metadata":{"resourceVersion":"2",` +
	`"annotations":{"k8s.io/initial-events-end":"true"}}}}`

func typesOf(t *testing.T, lines []string) string {
	t.Helper()
	var types []string
	for _, line := range lines {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		types = append(types, e.Type+e.Object.Metadata.ResourceVersion)
	}
	return strings.Join(types, " ")
}

func TestWatches(t *testing.T) {
	const all = "ADDED1 ADDED2 BOOKMARK2 ADDED3"
	cases := []struct {
		name, action, want string
		rest, ended        bool
	}{
		{"untouched", "", all, false, false},
		{"frozen before the first byte", `{"kind": "freeze"}`, "", false, false},
		{"frozen after two events", `{"kind": "freeze", "events": 2}`, "ADDED1 ADDED2", false, false},
		{"cut in the middle of the second", `{"kind": "truncate", "events": 1}`, "ADDED1", true, true},
		{"error event at once", `{"kind": "error", "code": 410}`, "ERROR", false, true},
		{"error event after all", `{"kind": "error", "code": 410, "events": 4}`, all + " ERROR", false, true},
		{"ends at once", `{"kind": "empty"}`, "", false, true},
		{"every event twice", `{"kind": "duplicate", "repeat": 1}`,
			"ADDED1 ADDED1 ADDED2 ADDED2 BOOKMARK2 ADDED3 ADDED3", false, false},
		{"no bookmarks", `{"kind": "no-bookmarks"}`, "ADDED1 ADDED2 ADDED3", false, false},
		{"lost behind the set", `{"kind": "lose"}`, "ADDED1 ADDED2 BOOKMARK2", false, false},
		{"bookmarks only behind the set", `{"kind": "bookmarks", "repeat": 2}`,
			all + " BOOKMARK3 BOOKMARK3", false, false},
		{"opaque", `{"kind": "opaque"}`, "ADDEDv-1 ADDEDv-2 BOOKMARKv-2 ADDEDv-3", false, false},
		{"refused", `{"kind": "answer", "code": 410}`, "", false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.server.events = []string{addedEvent(1), addedEvent(2), setEnd, addedEvent(3)}
			if c.action != "" {
				b.rules(`{"match": {"verb": "watch"}, "action": ` + c.action + `}`)
			}
			lines, rest, ended := b.watch(deployments + "?watch=1&sendInitialEvents=true")
			if c.name == "refused" {
				lines = nil // the Status is its body
			}
			if got := typesOf(t, lines); got != c.want || (rest != "") != c.rest || ended != c.ended {
				t.Fatalf("got %q, rest %q, ended %v", got, rest, ended)
			}
		})
	}
}

func TestTheNetworkRefusesSwallowsAndComesBack(t *testing.T) {
	b := newBench(t)
	b.client.Timeout = 300 * time.Millisecond
	works := func() bool { _, _, err := b.do("GET", deployments, ""); return err == nil }
	set := func(mode string) {
		t.Helper()
		if err := b.network.set(mode); err != nil {
			t.Fatal(err)
		}
	}
	if !works() {
		t.Fatal("does not work at first")
	}
	set("refuse")
	if _, _, err := b.do("GET", deployments, ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("refuse: err %v", err)
	}
	set("open")
	if !works() {
		t.Fatal("does not work again")
	}
	set("swallow")
	before := len(b.server.requests())
	if works() || len(b.server.requests()) != before {
		t.Fatal("a swallowed request arrived")
	}
	set("open")
	if !works() {
		t.Fatal("a new connection does not work")
	}
	set("cut")
	if !works() {
		t.Fatal("does not work after a cut")
	}
}

func TestHalfOpenSaysNothingEvenWhenTheClientEnds(t *testing.T) {
	b := newBench(t)
	b.rules(`{"count": 1, "action": {"kind": "half-open"}}`)
	b.client.Timeout = 200 * time.Millisecond
	if _, _, err := b.do("POST", deployments, ""); err == nil || len(b.server.requests()) != 0 {
		t.Fatalf("err %v, the server saw %q", err, b.server.requests())
	}
	if _, _, err := b.do("POST", deployments, ""); err != nil {
		t.Fatal(err)
	}
}
