package main

import "regexp"

// The action `opaque` makes resourceVersions what their contract says they are: texts without an
// order. Every one gets a prefix on its way to the client, which is taken off on the way back.

var (
	versionToClient   = regexp.MustCompile(`"resourceVersion":\s*"([0-9]+)"`)
	versionFromClient = regexp.MustCompile(`"resourceVersion":\s*"v-([0-9]+)"`)
	versionInTarget   = regexp.MustCompile(`resourceVersion=v-([0-9]+)`)
)

func hideVersions(text []byte) []byte {
	return versionToClient.ReplaceAll(text, []byte(`"resourceVersion":"v-$1"`))
}

func showVersions(text []byte) []byte {
	return versionFromClient.ReplaceAll(text, []byte(`"resourceVersion":"$1"`))
}

func showVersionsOfTarget(target string) string {
	return versionInTarget.ReplaceAllString(target, "resourceVersion=$1")
}
