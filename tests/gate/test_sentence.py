"""How a value reads in a sentence of the audit trail or in a question to a person."""

from typing import Any

import pytest

from pipedrive_tools.gate.sentence import QUOTED_CHARACTERS, quoted


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Acme", '"Acme"'),
        (12.5, "12.5"),
        (True, "yes"),
        ([], "nothing"),
        ([3, 4], "3; 4"),
        (["a@acme.example"], '"a@acme.example"'),
        ([{"person_id": 7, "primary": True}, {"person_id": 8, "primary": False}],
         "person_id 7, primary yes; person_id 8, primary no"),
        ({"amount": 5, "currency": "EUR"}, 'amount 5, currency "EUR"'),
    ],
)  # fmt: skip
def test_in_words(value: Any, words: str) -> None:
    """Lists and objects are told in words, not in the notation of a language."""
    assert quoted(value) == words


@pytest.mark.parametrize("hostile", ['x", deal_id 9; "y', "x\ny", "x\u202ey", "x; primary yes"])
def test_a_text_in_a_list_stays_in_its_quotes(hostile: str) -> None:
    """What a text inside a list says cannot pass for another value."""
    told = quoted([hostile])

    assert told.startswith('"')
    assert told.endswith('"')
    assert told.count('"') == 2
    assert told.isprintable()


def test_it_is_cut() -> None:
    """Long values do not fill the sentence."""
    assert len(quoted(list(range(100)))) == QUOTED_CHARACTERS
