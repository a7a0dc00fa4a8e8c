package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// event is what the proxy needs to know of a line of a watch.
type event struct {
	Type   string `json:"type"`
	Object struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			ResourceVersion string            `json:"resourceVersion"`
			Annotations     map[string]string `json:"annotations"`
		} `json:"metadata"`
	} `json:"object"`
}

var errEnded = errors.New("ended by a rule")

// stream passes the events of one watch on, one line each, through its actions.
type stream struct {
	out      io.Writer
	flush    func() error
	wait     func() // until the client is gone
	actions  []action
	snapshot bool // the set that the watch begins with is still coming
	passed   int  // events so far
	outcome  string
}

func (s *stream) copy(in io.Reader) error {
	// Also before the first event: that may be a long time off.
	if err := s.act(nil); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(in, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if err := s.pass(line); err != nil {
				return err
			}
		}
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// act carries out what is to happen once so many events have passed; `next` is the one in hand, or
// nil when none has come yet.
func (s *stream) act(next []byte) error {
	for _, a := range s.actions {
		if s.passed < a.Events {
			continue
		}
		switch a.Kind {
		case "error":
			s.outcome = "error event"
			if err := s.write(errorEvent(a)); err != nil {
				return err
			}
			return io.EOF // the server ends the stream behind it
		case "freeze":
			s.outcome = "frozen"
			s.wait()
			return errEnded
		case "truncate":
			if next != nil {
				s.outcome = "truncated"
				_ = s.write(next[:len(next)/2])
				return errEnded
			}
		}
	}
	return nil
}

func (s *stream) pass(line []byte) error {
	if err := s.act(line); err != nil {
		return err
	}
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	bookmark := e.Type == "BOOKMARK"
	if bookmark && e.Object.Metadata.Annotations["k8s.io/initial-events-end"] == "true" {
		s.snapshot = false
	}
	out := line
	for _, a := range s.actions {
		switch {
		case a.Kind == "opaque":
			out = hideVersions(out)
		case a.Kind == "no-bookmarks" && bookmark:
			out = nil
		case a.Kind == "lose" && !bookmark && !s.snapshot:
			out = nil
		case a.Kind == "duplicate" && !bookmark:
			out = bytes.Repeat(out, 1+a.Repeat)
		case a.Kind == "bookmarks" && !bookmark && !s.snapshot:
			out = append(bytes.Clone(out), bytes.Repeat(bookmarkOf(e), a.Repeat)...)
		}
	}
	if len(out) > 0 {
		if err := s.write(out); err != nil {
			return err
		}
	}
	s.passed++
	return s.act(nil)
}

func (s *stream) write(p []byte) error {
	if _, err := s.out.Write(p); err != nil {
		return err
	}
	return s.flush()
}

// bookmarkOf says that the client is up to date with an event, and something that nobody knows.
func bookmarkOf(e event) []byte {
	var b event
	b.Type = "BOOKMARK"
	b.Object.APIVersion, b.Object.Kind = e.Object.APIVersion, e.Object.Kind
	b.Object.Metadata.ResourceVersion = e.Object.Metadata.ResourceVersion
	b.Object.Metadata.Annotations = map[string]string{"example.com/unknown": "true"}
	return jsonLine(b)
}

func errorEvent(a action) []byte {
	return jsonLine(map[string]any{"type": "ERROR", "object": statusOf(a)})
}

// statusOf is the Status object that the API server would send.
func statusOf(a action) map[string]any {
	reason, message := a.Reason, a.Message
	if reason == "" {
		reason = reasons[a.Code]
	}
	if message == "" {
		message = "injected: " + http.StatusText(a.Code)
	}
	status := map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": message, "reason": reason, "code": a.Code,
	}
	if a.RetryAfter > 0 {
		status["details"] = map[string]any{"retryAfterSeconds": a.RetryAfter}
	}
	return status
}

var reasons = map[int]string{
	400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict",
	410: "Expired", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError",
	503: "ServiceUnavailable", 504: "Timeout",
}

func jsonLine(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // values of this file only
	}
	return append(text, '\n')
}
