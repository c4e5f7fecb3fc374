"""A share of the million hostile webhooks, and what the harness sees without the promise."""

from tests.torture.webhook_fuzz import careless, naive, parsed, received


def test_bodies() -> None:
    """No body makes the reader of events fail in a way that nobody expects; some are events all the same."""
    seen = parsed(4_000)

    assert seen.uncaught == []
    assert min(seen.outcomes["taken"], seen.outcomes["refused"]) > 100


def test_requests() -> None:
    """No request makes the receiver fail, or answer what Pipedrive would not understand."""
    seen = received(2_000)

    assert seen.uncaught == []
    assert {"204", "400", "401", "405", "413", "415"} <= set(seen.outcomes)


def test_without_the_promise() -> None:
    """The counter-test: a usual parser and a usual check of credentials fail within a few tries."""
    assert parsed(500, parse=naive).uncaught
    assert received(500, check=careless).uncaught
