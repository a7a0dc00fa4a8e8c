package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"sync"
)

// match says which requests a rule counts. An empty field matches everything.
type match struct {
	Verb        string `json:"verb"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	Target      string `json:"target"` // regular expression on path and query
	Unary       bool   `json:"unary"`  // no watches
	Writes      bool   `json:"writes"` // neither watches nor other reads

	target *regexp.Regexp
}

func (m *match) compile() (err error) {
	m.target, err = regexp.Compile(m.Target)
	return err
}

func (m *match) fits(c call) bool {
	equal := func(want, got string) bool { return want == "" || want == got }
	if m.Unary && c.watches() || m.Writes && c.Method == "GET" {
		return false
	}
	return equal(m.Verb, c.Verb) && equal(m.Resource, c.Resource) &&
		equal(m.Subresource, c.Subresource) && equal(m.Namespace, c.Namespace) &&
		equal(m.Name, c.Name) && m.target.MatchString(c.Target)
}

// action is what happens to a request. The fields beside Kind belong to the kinds that name them.
type action struct {
	Kind string `json:"kind"`
	// Act when the server has answered instead of before the request is forwarded: the server did
	// it, the client never hears of it. (drop, reset, answer, freeze, hold)
	After        bool   `json:"after"`
	Milliseconds int    `json:"milliseconds"` // delay
	Code         int    `json:"code"`         // answer, error
	Reason       string `json:"reason"`       // answer, error
	Message      string `json:"message"`      // answer, error
	RetryAfter   int    `json:"retryAfter"`   // answer: seconds; 0: no header
	Events       int    `json:"events"`       // how many pass first (truncate, freeze, error)
	Repeat       int    `json:"repeat"`       // duplicate, bookmarks
	Limit        int    `json:"limit"`        // page
	Upstream     string `json:"upstream"`     // route
}

// kinds are the actions, each with what makes it complete.
var kinds = map[string]func(action) bool{
	"delay":        func(a action) bool { return a.Milliseconds > 0 },
	"drop":         always,
	"reset":        always,
	"answer":       func(a action) bool { return a.Code >= 200 && a.Code < 600 },
	"truncate":     always,
	"freeze":       always,
	"half-open":    always,
	"hold":         always,
	"route":        func(a action) bool { return a.Upstream != "" },
	"page":         func(a action) bool { return a.Limit > 0 },
	"opaque":       always,
	"empty":        always,
	"error":        func(a action) bool { return a.Code > 0 },
	"duplicate":    func(a action) bool { return a.Repeat > 0 },
	"bookmarks":    func(a action) bool { return a.Repeat > 0 },
	"no-bookmarks": always,
	"lose":         always,
}

func always(action) bool { return true }

// rule acts on the From-th to the (From+Count-1)-th request that fits since the rules were set.
type rule struct {
	Match  match   `json:"match"`
	From   int     `json:"from"`   // counted from 1, which is also the default
	Count  int     `json:"count"`  // 0: all that follow
	Chance float64 `json:"chance"` // of acting on one of them; 0: on each
	Action action  `json:"action"`

	seen int
}

func (r *rule) due(c call, random *rand.Rand) bool {
	if !r.Match.fits(c) {
		return false
	}
	r.seen++
	if r.seen < r.From || r.Count > 0 && r.seen >= r.From+r.Count {
		return false
	}
	return r.Chance == 0 || random.Float64() < r.Chance
}

// script is the set of rules in force.
type script struct {
	mu     sync.Mutex
	rules  []*rule
	random *rand.Rand
}

type scriptText struct {
	Seed  uint64  `json:"seed"` // of the chances
	Rules []*rule `json:"rules"`
}

// set replaces all rules; counting begins anew.
func (s *script) set(text io.Reader) error {
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	var fresh scriptText
	if err := decoder.Decode(&fresh); err != nil {
		return err
	}
	for i, r := range fresh.Rules {
		complete, known := kinds[r.Action.Kind]
		if !known || !complete(r.Action) {
			return fmt.Errorf("rule %d: action %q is unknown or incomplete", i, r.Action.Kind)
		}
		if err := r.Match.compile(); err != nil {
			return fmt.Errorf("rule %d: %w", i, err)
		}
		if r.From == 0 {
			r.From = 1
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = fresh.Rules
	s.random = rand.New(rand.NewPCG(fresh.Seed, 0))
	return nil
}

// actionsFor counts a request in every rule and returns what is to happen to it, in the order of
// the rules.
func (s *script) actionsFor(c call) []action {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []action
	for _, r := range s.rules {
		if r.due(c, s.random) {
			due = append(due, r.Action)
		}
	}
	return due
}
