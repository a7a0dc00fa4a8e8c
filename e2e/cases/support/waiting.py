"""Waiting for a state with a deadline: never for a fixed time."""

import time


class Timeout(AssertionError):
    """The state did not come; the message says what was seen last."""


def eventually(check, what, timeout=30.0, interval=0.05, describe=None):
    """Calls `check` until it returns something true, and returns that.

    An AssertionError in `check` counts as "not yet" and is shown if time runs out; any other
    exception is a defect and passes. `describe` adds what it returns to the message.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            value = check()
            if value:
                return value
            last = value
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            text = f"not within {timeout:g} s: {what}; last seen: {last}"
            if describe:
                text += f"\n{describe()}"
            raise Timeout(text)
        time.sleep(interval)


def holds(check, what, seconds):
    """Asserts that `check` stays true for the whole of a window; fails at the first miss."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert check(), f"held no longer: {what}"
        time.sleep(0.1)
