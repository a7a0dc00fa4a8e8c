package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var content = bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB

// newServer serves `content` as /m.gguf over https, as main does.
func newServer(t *testing.T) *httptest.Server {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "m.gguf"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewTLSServer(&server{root: root, token: "secret", seen: map[string]int{}})
	t.Cleanup(srv.Close)
	return srv
}

func fetch(t *testing.T, srv *httptest.Server, path string, header ...string) (*http.Response, []byte, error) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := srv.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func TestPlainAndRange(t *testing.T) {
	srv := newServer(t)
	if _, body, err := fetch(t, srv, "/m.gguf"); err != nil || !bytes.Equal(body, content) {
		t.Fatalf("err %v, %d bytes", err, len(body))
	}
	response, body, err := fetch(t, srv, "/m.gguf", "Range", "bytes=1048570-")
	if err != nil || response.StatusCode != http.StatusPartialContent || string(body) != "abcdef" {
		t.Fatalf("err %v, status %d, body %q", err, response.StatusCode, body)
	}
	response, body, _ = fetch(t, srv, "/norange/m.gguf", "Range", "bytes=5-")
	if response.StatusCode != http.StatusOK || len(body) != len(content) {
		t.Fatalf("norange: status %d, %d bytes", response.StatusCode, len(body))
	}
	if response, _, _ := fetch(t, srv, "/../main.go"); response.StatusCode != http.StatusNotFound {
		t.Fatalf("outside of the root: status %d", response.StatusCode)
	}
}

func TestFlipInvertsTheMiddleByteWhicheverRangeIsRead(t *testing.T) {
	srv := newServer(t)
	_, body, err := fetch(t, srv, "/flip/m.gguf")
	if err != nil {
		t.Fatal(err)
	}
	middle := len(content) / 2
	body[middle] ^= 0xff
	if !bytes.Equal(body, content) {
		t.Fatal("not exactly the middle byte differs")
	}
	_, part, _ := fetch(t, srv, "/flip/m.gguf", "Range", "bytes=524288-524289")
	if len(part) != 2 || part[0] != content[middle]^0xff || part[1] != content[middle+1] {
		t.Fatalf("range: % x", part)
	}
}

func TestCutBodies(t *testing.T) {
	srv := newServer(t)
	half := len(content) / 2
	if _, body, err := fetch(t, srv, "/short/m.gguf"); err != nil || len(body) != half {
		t.Fatalf("short: err %v, %d bytes", err, len(body))
	}
	for _, fault := range []string{"truncate", "reset"} {
		response, body, err := fetch(t, srv, "/"+fault+"/m.gguf")
		if err == nil || response.ContentLength != int64(len(content)) || len(body) > half {
			t.Fatalf("%s: err %v, %d bytes", fault, err, len(body))
		}
	}
	if _, body, err := fetch(t, srv, "/flaky/m.gguf"); err == nil || len(body) != half {
		t.Fatalf("flaky, first: err %v, %d bytes", err, len(body))
	}
	if _, body, err := fetch(t, srv, "/flaky/m.gguf", "Range", "bytes=524288-"); err != nil || len(body) != half {
		t.Fatalf("flaky, resumed: err %v, %d bytes", err, len(body))
	}
}

func TestStallEndsOnlyWithTheClient(t *testing.T) {
	srv := newServer(t)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/stall/m.gguf", nil)
	response, err := srv.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if ctx.Err() == nil || err == nil || len(body) != len(content)/2 {
		t.Fatalf("err %v, %d bytes", err, len(body))
	}
}

func TestAnswersWithoutAFile(t *testing.T) {
	srv := newServer(t)
	for path, want := range map[string]int{
		"/status/503/m.gguf": 503, "/status/nonsense": 400, "/auth/m.gguf": 401, "/missing": 404,
		"/redirect/m.gguf": 200, "/healthz": 200,
	} {
		if response, _, _ := fetch(t, srv, path); response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
		}
	}
	response, body, _ := fetch(t, srv, "/auth/m.gguf", "Authorization", "Bearer secret")
	if response.StatusCode != http.StatusOK || !bytes.Equal(body, content) {
		t.Errorf("auth with token: status %d", response.StatusCode)
	}
}

func TestGetTrustsOnlyItsAuthority(t *testing.T) {
	srv := newServer(t)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, []byte("no certificate"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := get(srv.URL+"/m.gguf", ca, &out); err == nil {
		t.Fatal("no authority, yet no error")
	}
}
