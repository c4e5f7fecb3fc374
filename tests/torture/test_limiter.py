"""The short versions of the limiter's and the ledger's proofs, for every run of the tests."""

from tests.torture import ledger, limiter


def test_processes_that_share_a_window() -> None:
    """Four processes, one of them killed, never meet a 429, and use what is allowed."""
    found = limiter.contend(20, 6.5, threads=6, searching=1)

    assert found.seen.refused == 0
    assert found.seen.searches >= 5
    assert found.share > 0.5  # a busy machine may not give us more; the long run tells


def test_a_plan_that_is_learned() -> None:
    """Processes that do not know the plan begin small, learn it from an answer, and meet no 429."""
    found = limiter.contend(80, 3.0, processes=2, kill=False, learns=True)

    assert found.seen.refused == 0
    assert found.seen.calls > 50, "more than the smallest plan allows in that time"


def test_a_token_bucket_is_seen_to_fail() -> None:
    """The harness finds what a token bucket lets through."""
    found = limiter.contend(20, 3.0, processes=1, threads=48, kill=False, way="token bucket")

    assert found.seen.refused > 0


def test_our_ledger_is_the_meter() -> None:
    """Mixed calls of several processes, refused ones among them, are counted to the token."""
    ours, meter, found = ledger.spend(600, processes=3, seats=10)

    assert found["NotFoundError"]
    assert ours == meter


def test_the_ceiling() -> None:
    """Processes that spend the day together end before Pipedrive has to say so."""
    ours, meter, found = ledger.spend(600, processes=3, budget=1000)

    assert ours == meter <= 1000
    assert found["BudgetSpentError"]


def test_a_block_silences_every_process() -> None:
    """After an HTML 403 for one process nothing more arrives from any."""
    under_way, later = ledger.block(paced=True, processes=3, watch_seconds=1.0)

    assert under_way <= 2 * 3 * ledger.THREADS  # on a busy machine the refused one takes a moment to tell
    assert later == 0
