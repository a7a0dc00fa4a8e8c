package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// newAdmin is the endpoint that tests speak to:
//
//	PUT  /rules     {"seed": 1, "rules": [...]}: replaces the rules and counts anew
//	GET  /record    every request since the start; ?since=INDEX
//	GET  /state     {"next": INDEX of the next request, "open": [requests without an end yet]}
//	GET  /held      a request that is held; ?wait=SECONDS for one, 204 when none came
//	POST /release   lets go on what is held
//	PUT  /network   {"mode": "open" | "refuse" | "swallow" | "cut"}
//	PUT  /upstream  {"name": NAME, "address": URL}: from now on requests go there
//	PUT  /link      {"mode": "open" | "freeze", "milliseconds": N}: see lag.go
func newAdmin(p *proxy, n *network, l *lag) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /rules", func(w http.ResponseWriter, r *http.Request) {
		tell(w, p.script.set(r.Body))
	})
	mux.HandleFunc("GET /record", func(w http.ResponseWriter, r *http.Request) {
		since, _ := strconv.Atoi(r.URL.Query().Get("since"))
		writeJSON(w, p.record.since(since))
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		next, open := p.record.state()
		writeJSON(w, map[string]any{"next": next, "open": open})
	})
	mux.HandleFunc("GET /held", func(w http.ResponseWriter, r *http.Request) {
		seconds, _ := strconv.ParseFloat(r.URL.Query().Get("wait"), 64)
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(seconds*float64(time.Second)))
		defer cancel()
		if held := p.record.waitHeld(ctx); held != nil {
			writeJSON(w, held)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /release", func(http.ResponseWriter, *http.Request) { p.record.release() })
	mux.HandleFunc("PUT /network", func(w http.ResponseWriter, r *http.Request) {
		var want struct{ Mode string }
		if err := json.NewDecoder(r.Body).Decode(&want); err != nil {
			tell(w, err)
			return
		}
		tell(w, n.set(want.Mode))
	})
	mux.HandleFunc("PUT /upstream", func(w http.ResponseWriter, r *http.Request) {
		var want struct{ Name, Address string }
		if err := json.NewDecoder(r.Body).Decode(&want); err != nil {
			tell(w, err)
			return
		}
		if want.Address != "" {
			p.upstreams.add(want.Name, want.Address)
		}
		tell(w, p.upstreams.choose(want.Name))
	})
	mux.HandleFunc("PUT /link", func(w http.ResponseWriter, r *http.Request) {
		var want struct {
			Mode         string
			Milliseconds int
		}
		if err := json.NewDecoder(r.Body).Decode(&want); err != nil {
			tell(w, err)
			return
		}
		tell(w, l.set(want.Mode, time.Duration(want.Milliseconds)*time.Millisecond))
	})
	return mux
}

func tell(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
