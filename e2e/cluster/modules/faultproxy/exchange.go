package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// exchange is one request on its way through the proxy.
type exchange struct {
	proxy   *proxy
	w       http.ResponseWriter
	r       *http.Request
	call    call
	index   int
	body    []byte
	actions []action
	status  int
}

// run carries the request through its actions and returns what became of it.
func (x *exchange) run() string {
	if outcome := x.act(false); outcome != "" {
		return outcome
	}
	response, err := x.forward()
	if err != nil {
		if x.r.Context().Err() != nil {
			return "client gone"
		}
		x.answer(action{Code: http.StatusBadGateway, Message: err.Error()})
		return "no upstream: " + err.Error()
	}
	defer response.Body.Close()
	if x.call.watches() && response.StatusCode == http.StatusOK {
		return x.stream(response)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		x.answer(action{Code: http.StatusBadGateway, Message: err.Error()})
		return "upstream broke: " + err.Error()
	}
	if outcome := x.act(true); outcome != "" {
		return outcome
	}
	return x.relay(response, body)
}

// act carries out the actions that belong before or after forwarding. The first one that ends the
// exchange gives its outcome.
func (x *exchange) act(after bool) string {
	when := " before forwarding"
	if after {
		when = " after the server answered"
	}
	for _, a := range x.actions {
		if a.After != after {
			continue
		}
		switch a.Kind {
		case "delay":
			select {
			case <-time.After(time.Duration(a.Milliseconds) * time.Millisecond):
			case <-x.r.Context().Done():
				return "client gone"
			}
		case "hold":
			if x.proxy.record.hold(x.r.Context(), x.index, "held"+when) != nil {
				return "client gone while held" + when
			}
		case "drop":
			x.closeConnection(func(l *link) { _ = l.Close() })
			return "dropped" + when
		case "reset":
			x.closeConnection((*link).reset)
			return "reset" + when
		case "half-open":
			x.closeConnection(func(l *link) { l.dead.Store(true) })
			return "half-open" + when
		case "answer":
			x.answer(a)
			return fmt.Sprintf("answered %d%s", a.Code, when)
		case "empty":
			x.answerEmptyWatch()
			return "empty stream"
		case "freeze":
			// A watch whose beginning is to be seen freezes in its stream (stream.go).
			if !x.call.watches() || !after && a.Events == 0 {
				<-x.r.Context().Done()
				return "frozen" + when
			}
		}
	}
	return ""
}

// target is where the request goes, and whether the client is to see opaque versions.
func (x *exchange) target() (address *url.URL, opaque bool, err error) {
	upstream := ""
	for _, a := range x.actions {
		if a.Kind == "route" {
			upstream = a.Upstream
		}
		if a.Kind == "opaque" {
			opaque = true
		}
	}
	base, err := x.proxy.upstreams.address(upstream)
	if err != nil {
		return nil, false, err
	}
	target := x.call.Target
	for _, a := range x.actions {
		if a.Kind == "page" {
			target = limitInTarget.ReplaceAllString(target, "${1}limit="+strconv.Itoa(a.Limit))
		}
	}
	if opaque {
		target = showVersionsOfTarget(target)
	}
	address, err = url.Parse(base + target)
	return address, opaque, err
}

var limitInTarget = regexp.MustCompile(`([?&])limit=[0-9]+`)

func (x *exchange) forward() (*http.Response, error) {
	address, opaque, err := x.target()
	if err != nil {
		return nil, err
	}
	body := x.body
	if opaque {
		body = showVersions(body)
	}
	ctx := x.r.Context()
	if !x.call.watches() {
		// What was forwarded is carried out, also when the client dies meanwhile: the server's audit
		// log then tells what it did, and not that it was interrupted.
		ctx = context.WithoutCancel(ctx)
	}
	request, err := http.NewRequestWithContext(
		ctx, x.r.Method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = x.r.Header.Clone()
	// What comes back has to be readable here.
	request.Header.Del("Accept-Encoding")
	return x.proxy.upstreams.client.Do(request)
}

func (x *exchange) relay(response *http.Response, body []byte) string {
	for _, a := range x.actions {
		switch a.Kind {
		case "opaque":
			body = hideVersions(body)
		case "truncate":
			x.begin(response, strconv.Itoa(len(body)))
			_, _ = x.w.Write(body[:len(body)/2])
			_ = http.NewResponseController(x.w).Flush()
			x.closeConnection(func(l *link) { _ = l.Close() })
			return "truncated"
		}
	}
	x.begin(response, strconv.Itoa(len(body)))
	if _, err := x.w.Write(body); err != nil {
		return "client gone"
	}
	return "passed"
}

func (x *exchange) stream(response *http.Response) string {
	x.begin(response, "")
	s := stream{
		out:      x.w,
		flush:    http.NewResponseController(x.w).Flush,
		wait:     func() { <-x.r.Context().Done() },
		actions:  x.actions,
		snapshot: x.r.URL.Query().Get("sendInitialEvents") == "true",
		outcome:  "passed",
	}
	_ = s.flush()
	err := s.copy(response.Body)
	switch {
	case errors.Is(err, errEnded):
		x.closeConnection(func(l *link) { _ = l.Close() })
	case err != nil && err != io.EOF && x.r.Context().Err() == nil:
		s.outcome = "upstream broke: " + err.Error()
		x.closeConnection((*link).reset)
	}
	return s.outcome
}

func (x *exchange) begin(response *http.Response, length string) {
	for name, values := range response.Header {
		x.w.Header()[name] = values
	}
	x.w.Header().Del("Content-Length")
	if length != "" {
		x.w.Header().Set("Content-Length", length)
	}
	x.status = response.StatusCode
	x.w.WriteHeader(response.StatusCode)
}

func (x *exchange) answer(a action) {
	body := jsonLine(statusOf(a))
	x.w.Header().Set("Content-Type", "application/json")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if a.RetryAfter > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(a.RetryAfter))
	}
	x.status = a.Code
	x.w.WriteHeader(a.Code)
	_, _ = x.w.Write(body)
}

func (x *exchange) answerEmptyWatch() {
	x.w.Header().Set("Content-Type", "application/json")
	x.status = http.StatusOK
	x.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(x.w).Flush()
}

// closeConnection takes the connection from the server and ends it under TLS, so that nothing but
// what was written before is heard.
func (x *exchange) closeConnection(end func(*link)) {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		return
	}
	if wrapped, ok := conn.(*tls.Conn); ok {
		conn = wrapped.NetConn()
	}
	if l, ok := conn.(*link); ok {
		end(l)
	}
}
