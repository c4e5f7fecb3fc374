import pytest

from tests.torture.verdict_oracle import PLANTED, disagreements

REQUESTS = 5_000
SEED = 11


def test_the_gate_and_cedar_agree() -> None:
    """Five thousand random requests get the same answer from the gate and from the same rules in Cedar."""
    found, answers = disagreements(REQUESTS, SEED, a_table=250)

    assert found == []
    assert min(answers[each] for each in ("allow", "ask", "deny")) > REQUESTS * 0.04


@pytest.mark.parametrize("name", PLANTED)
def test_a_wrong_rule_is_seen(name: str) -> None:
    """The counter-test: a gate with one rule planted wrong disagrees with the oracle."""
    found, _ = disagreements(1_200, SEED, a_table=50, judge=PLANTED[name])

    assert found
