"""Services in the course of a case: made, changed, and what must not have happened to them."""

from support.fault_proxy import told
from support.objects import isvc


class Service:
    """One InferenceService that is Ready, and what its children were then."""

    def __init__(self, cluster, namespace, name="chat", **spec):
        self.cluster, self.namespace, self.name = cluster, namespace, name
        cluster.create(isvc(name, namespace, **spec))
        cluster.wait_ready(name, namespace)
        self.children = self.uids()

    def owned(self):
        return {key: child for key, child in self.cluster.children(self.namespace).items()
                if child["metadata"]["ownerReferences"][0]["name"] == self.name}

    def uids(self):
        return {key: child["metadata"]["uid"] for key, child in self.owned().items()}

    def scale(self, replicas):
        self.cluster.patch("InferenceService", self.name, self.namespace,
                           {"spec": {"replicas": {"min": replicas}}})

    def scaled(self, replicas):
        [deployment] = [child for (kind, _), child in self.owned().items() if kind == "Deployment"]
        return deployment["spec"]["replicas"] == replicas

    def converges(self, replicas, timeout=60):
        self.cluster.wait_ready(self.name, self.namespace, timeout)
        assert self.scaled(replicas), self.cluster.describe(self.name, self.namespace)

    def unharmed(self, proxy, mark):
        """No child was deleted or made anew by anybody since the mark."""
        now = self.uids()
        lost = {key for key, uid in self.children.items() if now.get(key) != uid}
        assert not lost, f"gone or made anew: {lost}"
        deletes = proxy.calls(mark, namespace=self.namespace, verb="delete")
        assert not deletes, told(deletes)
