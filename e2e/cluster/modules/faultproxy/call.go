package main

import (
	"net/http"
	"strings"
)

// call is one request in the words of the API: what rules match and the record tells.
type call struct {
	Method      string `json:"method"`
	Target      string `json:"target"` // path and query
	Verb        string `json:"verb"`   // as in RBAC; empty for what is no resource
	Resource    string `json:"resource,omitempty"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name,omitempty"`
}

func (c call) watches() bool { return c.Verb == "watch" }

func newCall(r *http.Request) call {
	c := call{Method: r.Method, Target: r.URL.RequestURI()}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api": // /api/v1/...
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis": // /apis/GROUP/VERSION/...
		parts = parts[3:]
	default:
		return c
	}
	// "namespaces/N" alone is the object; with more behind it says where the rest is.
	if len(parts) > 2 && parts[0] == "namespaces" {
		c.Namespace = parts[1]
		parts = parts[2:]
	}
	c.Resource = parts[0]
	if len(parts) > 1 {
		c.Name = parts[1]
	}
	if len(parts) > 2 {
		c.Subresource = parts[2]
	}
	c.Verb = verbOf(r, c.Name)
	return c
}

func verbOf(r *http.Request, name string) string {
	switch r.Method {
	case http.MethodGet:
		if watch := r.URL.Query().Get("watch"); watch == "1" || watch == "true" {
			return "watch"
		}
		if name == "" {
			return "list"
		}
		return "get"
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodDelete:
		if name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	return strings.ToLower(r.Method)
}
