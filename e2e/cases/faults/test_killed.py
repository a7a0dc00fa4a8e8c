"""SIGKILL of the controller exactly at its calls to the API server: the end is the same.

The proxy holds the chosen call, before the API server has seen it or when the API server has
answered and the controller has not heard; then the controller is killed and started again.
"""

import datetime

import pytest

from support import stories
from support.controller import USER
from support.fault_proxy import rule, told, unary_in
from support.waiting import eventually

PLACE = "kill-cases"
MOST_CALLS = 60  # of one step; more is no longer the step but a loop


class Runs:
    """The steps of the story in one namespace, each compared with its undisturbed run."""

    def __init__(self, cluster, controller, proxy, audit):
        self.cluster, self.controller, self.proxy, self.audit = cluster, controller, proxy, audit
        self.kills = 0

    def undisturbed(self):
        """Step -> (end state, what was made and deleted, calls)."""
        return {what: self.run(what) for what in stories.STEPS}

    def run(self, what, disturbance=None):
        mark, writes = self.proxy.mark(), len(self.audit.writes_of(USER, PLACE))
        if disturbance:
            disturbance(what)
        else:
            stories.change(self.cluster, PLACE, what)
        stories.settle(self.cluster, PLACE, what)
        eventually(lambda: self.proxy.quiet(PLACE), f"quiet after {what}",
                   describe=lambda: told(self.proxy.calls(mark, namespace=PLACE)))
        return (stories.end_state(self.cluster, PLACE),
                self.audit.made_and_deleted_by(USER, PLACE, writes),
                len(self.proxy.calls(mark, namespace=PLACE)))

    def compare(self, what, expected, disturbance, context):
        want, (want_made, want_deleted), _ = expected[what]
        _, (made, deleted), _ = self.run(what, disturbance)
        stories.ends_like(self.cluster, PLACE, want, context)
        assert (made, deleted) == (want_made, want_deleted), context
        mark = self.proxy.mark()
        assert self.proxy.quiet(PLACE, 0.3), f"{context}: {told(self.proxy.writes(mark, PLACE))}"

    def kill_at(self, index, after):
        """A disturbance: killed at the call with that index, if the step comes that far."""
        def disturb(what):
            self.proxy.rules(rule("hold", unary_in(PLACE), start=index, count=1, after=after))
            stories.change(self.cluster, PLACE, what)
            self.kill_when_held(what)
            self.proxy.rules()
        return disturb

    def kill_when_held(self, what):
        """Returns whether a call was held; else the step came to its end."""
        held = eventually(lambda: self.proxy.held(0.3) or (
            stories.settled(self.cluster, PLACE, what) and self.proxy.quiet(PLACE, 0.5) and "done"),
            f"a call is held, or {what} is done")
        # It may have been held while the end was looked for.
        if held == "done" and not self.proxy.held(0):
            return False
        self.controller.kill()
        self.kills += 1
        self.controller.start()
        return True


@pytest.fixture(scope="module")
def place(installed):
    """One namespace for all runs, so that names and texts are comparable."""
    installed.delete("Namespace", PLACE)  # of a run that was broken off
    installed.wait_gone("Namespace", PLACE, None)
    installed.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE}})
    eventually(lambda: installed.get("ServiceAccount", "default", PLACE), "its service account")
    yield PLACE
    installed.delete("Namespace", PLACE)


@pytest.fixture(scope="module")
def expected():
    """The undisturbed runs, filled by the first case."""
    return {}


@pytest.fixture
def runs(place, cluster, controller, proxy, audit, expected):
    runs = Runs(cluster, controller, proxy, audit)
    stories.change(cluster, place, "delete")  # of a case that failed
    stories.settle(cluster, place, "delete")
    if not expected:
        expected.update(runs.undisturbed())
        print("calls undisturbed:", {what: run[2] for what, run in expected.items()})
        (made, deleted) = expected["create"][1]
        assert set(made.values()) == {1} and not deleted, "each child is made once, none is deleted"
    return runs


def chosen(choice, most):
    """The indices of calls at which to kill."""
    if choice == "all":
        return range(1, most + 1)
    # Not in step with --one-of, or each case would see the same half of the calls for ever.
    return range(1 + datetime.date.today().toordinal() // 3 % 2, most + 1, 2)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("after", [False, True], ids=["before-forwarding", "after-forwarding"])
def test_killed_at_every_call_of_every_step(runs, expected, after, request):
    """A01, A02, A03, A05: one kill, at the k-th call of create, update, shrink, scale, delete."""
    points = list(chosen(request.config.getoption("--kill-points"),
                         max(calls for _, _, calls in expected.values())))
    print("kill points, by index of call:", points)
    for index in points:
        for what in stories.STEPS:
            runs.compare(what, expected, runs.kill_at(index, after),
                         f"{what}, killed at call {index}, after={after}")
    print("kills:", runs.kills)
    assert runs.kills >= len(points)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("after", [False, True], ids=["before-forwarding", "after-forwarding"])
def test_killed_again_and_again(runs, expected, after):
    """A06, A08: killed at each first call after a start, until the step needs none any more."""
    def disturb(what):
        hold = rule("hold", {**unary_in(PLACE), "writes": True}, count=1, after=after)
        # Before forwarding nothing would ever get done: every second call may pass.
        hold["from"] = 1 if after else 2
        self_made = False
        for _ in range(MOST_CALLS):
            runs.proxy.rules(hold)
            if not self_made:
                stories.change(runs.cluster, PLACE, what)
                self_made = True
            if not runs.kill_when_held(what):
                runs.proxy.rules()
                return
        raise AssertionError(f"{what} does not come to an end")
    for what in stories.STEPS:
        runs.compare(what, expected, disturb, f"{what}, killed again and again, after={after}")
    print("kills:", runs.kills)


def test_down_while_the_change_is_made(runs, expected):
    """C03: what was changed while nobody watched is found at the start."""
    def disturb(what):
        runs.controller.kill()
        stories.change(runs.cluster, PLACE, what)
        runs.controller.start()
    for what in stories.STEPS:
        runs.compare(what, expected, disturb, f"{what}, down meanwhile")


@pytest.mark.parametrize("after", [False, True], ids=["before-forwarding", "after-forwarding"])
def test_killed_at_every_watch_of_a_start(runs, proxy, controller, after):
    """A10: a start that dies at any of its watches leaves the next one nothing to repair."""
    stories.change(runs.cluster, PLACE, "create")
    stories.settle(runs.cluster, PLACE, "create")
    eventually(lambda: proxy.quiet(PLACE), "quiet")
    mark = proxy.mark()
    for index in range(1, 11):
        controller.kill()
        # After forwarding: the first events are on their way.
        kind = {"kind": "freeze", "events": 1} if after else {"kind": "hold"}
        watch = rule(kind.pop("kind"), {"verb": "watch"}, start=index, count=1, **kind)
        proxy.rules(watch)
        since = proxy.mark()
        controller.start(wait=False)
        eventually(lambda s=since, i=index: len(proxy.calls(s, verb="watch")) >= i,
                   f"watch {index} is asked for")
    proxy.rules()
    controller.restart()
    assert proxy.quiet(PLACE, 2), told(proxy.calls(mark, namespace=PLACE))
    stories.change(runs.cluster, PLACE, "delete")
    stories.settle(runs.cluster, PLACE, "delete")
