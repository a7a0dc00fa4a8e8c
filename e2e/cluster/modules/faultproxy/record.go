package main

import (
	"context"
	"sync"
	"time"
)

// entry is one request as the record tells it.
type entry struct {
	call
	Index   int     `json:"index"` // of all requests, from 0
	Began   float64 `json:"began"` // seconds since the proxy was started
	Ended   float64 `json:"ended"` // 0 while it goes on
	Token   string  `json:"token,omitempty"`
	Status  int     `json:"status,omitempty"` // that the client was told
	Outcome string  `json:"outcome"`
}

// record is every request since the start, and those that are held now.
type record struct {
	began time.Time

	mu      sync.Mutex
	entries []entry
	held    map[int]chan struct{} // closed to let it go on
	changed chan struct{}         // closed and replaced when something gets held
}

func newRecord() *record {
	return &record{began: time.Now(), held: map[int]chan struct{}{}, changed: make(chan struct{})}
}

func (r *record) seconds() float64 { return time.Since(r.began).Seconds() }

func (r *record) begin(c call, token string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	index := len(r.entries)
	r.entries = append(r.entries, entry{
		call: c, Index: index, Began: r.seconds(), Token: token, Outcome: "under way"})
	return index
}

func (r *record) end(index, status int, outcome string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &r.entries[index]
	e.Ended, e.Status, e.Outcome = r.seconds(), status, outcome
}

func (r *record) since(index int) []entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if index >= len(r.entries) {
		return []entry{}
	}
	return append([]entry{}, r.entries[max(index, 0):]...)
}

// state is the index of the next request, and what goes on now.
func (r *record) state() (next int, open []entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	open = []entry{}
	for _, e := range r.entries {
		if e.Ended == 0 {
			open = append(open, e)
		}
	}
	return len(r.entries), open
}

// hold blocks until somebody lets the request go, or its client is gone.
func (r *record) hold(ctx context.Context, index int, outcome string) error {
	gate := make(chan struct{})
	r.mu.Lock()
	r.entries[index].Outcome = outcome
	r.held[index] = gate
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.held, index)
		r.mu.Unlock()
	}()
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// release lets everything go that is held.
func (r *record) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for index, gate := range r.held {
		close(gate)
		delete(r.held, index)
	}
}

// waitHeld returns a held request, the first one if there are several; nil when none came in time.
func (r *record) waitHeld(ctx context.Context) *entry {
	for {
		r.mu.Lock()
		var first *entry
		for index := range r.held {
			if first == nil || index < first.Index {
				found := r.entries[index]
				first = &found
			}
		}
		changed := r.changed
		r.mu.Unlock()
		if first != nil {
			return first
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}
