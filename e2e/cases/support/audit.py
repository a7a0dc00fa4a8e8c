"""The API server's audit log: what was really called, by whom."""

import collections
import json
import pathlib

WRITES = {"create", "update", "patch", "delete", "deletecollection"}


class Audit:
    """Follows the log from the moment it is made, across rotation."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.calls = []
        self._file = None
        self._rest = ""
        self._open(at_end=True)

    def _open(self, at_end=False):
        self._file = self.path.open(encoding="utf-8")
        self._inode = self.path.stat().st_ino
        if at_end:
            self._file.seek(0, 2)

    def read(self):
        """Takes in what was written since, and returns all complete calls so far."""
        while True:
            text = self._file.read()
            if text:
                self._take(text)
            elif self.path.exists() and self.path.stat().st_ino != self._inode:
                self._file.close()
                self._open()
            else:
                return self.calls

    def _take(self, text):
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            event = json.loads(line)
            if event["stage"] in ("ResponseComplete", "Panic"):
                self.calls.append(event)

    def of(self, user, namespace=None):
        return [call for call in self.read() if call["user"]["username"] == user
                and namespace in (None, call.get("objectRef", {}).get("namespace"))]

    def writes_of(self, user, namespace):
        """Its writes in a namespace: other cases' objects may still be on their way out."""
        return [call for call in self.of(user, namespace) if call["verb"] in WRITES]

    def made_and_deleted_by(self, user, namespace, since=0):
        """How often the user made and deleted each object, Events apart: two counters."""
        made, deleted = collections.Counter(), collections.Counter()
        for call in self.writes_of(user, namespace)[since:]:
            ref, code = call["objectRef"], call.get("responseStatus", {}).get("code")
            if ref["resource"] == "events":
                continue
            if code == 201:
                made[ref["resource"], ref["name"]] += 1
            elif call["verb"] == "delete" and code in (200, 202):
                deleted[ref["resource"], ref["name"]] += 1
        return made, deleted


def line(call):
    """One call in words, for messages."""
    ref = call.get("objectRef", {})
    resource = "/".join(x for x in (ref.get("resource"), ref.get("subresource")) if x)
    return (f"{call['verb']} {resource} {ref.get('namespace', '-')}/{ref.get('name', '-')} "
            f"{call.get('responseStatus', {}).get('code')}")
