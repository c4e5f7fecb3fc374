import pytest

from tests.torture import compromised_planner, obedient_model, text_attacks


@pytest.mark.parametrize(
    "proof",
    [
        lambda: compromised_planner.run(sequences=60, every=20),
        lambda: text_attacks.run(wanted=300, most=120),
        obedient_model.run,
    ],
    ids=["knows everything", "obeys every text", "drafts as it is told"],
)
def test_a_hijacked_planner_gets_nothing_that_it_may_not(proof: object) -> None:
    """Whatever it tries, the sandbox shows no effect that the policy does not allow; with the gate off it does."""
    assert callable(proof)
    figures = list(proof())

    assert figures
    assert [figure.line for figure in figures if not figure.holds] == []
