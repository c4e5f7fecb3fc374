import html
import unicodedata
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipedrive_tools.gate import taint
from pipedrive_tools.sandbox.demo import HOSTILE_TEXTS
from pipedrive_tools.sandbox.demo.hostile import invisible

UNSEEN: Final = (
    *map(chr, range(0x09)),
    "\x0b",
    "\x1b",
    "\x7f",
    "\x9b",
    "\u00ad",
    "\u061c",
    "\u200b",
    "\u200d",
    "\u200e",
    "\u2028",
    "\u202e",
    "\u2060",
    "\u2066",
    "\u2069",
    "\u3164",
    "\ufe0f",
    "\ufeff",
    "\U000e0041",
    "\U000e0100",
)


def is_unseen(text: str) -> bool:
    """Whether a text holds a character that a person does not see; judged by Unicode, not by our own list."""
    hidden = (unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} and each not in "\t\n" for each in text)
    return any(hidden) or any(0xE0000 <= ord(each) <= 0xE0FFF for each in text)


@pytest.mark.parametrize("wrap", ["{}", "&#x{:x};", "&#{:d};", "&amp;#x{:x};", "&amp;amp;#{:d};"])
@pytest.mark.parametrize("letter", UNSEEN, ids=lambda each: f"U+{ord(each):04X}")
def test_what_nobody_sees(letter: str, wrap: str) -> None:
    """Control, direction and invisible characters go, before and after entities are decoded."""
    hidden = wrap.format(letter if wrap == "{}" else ord(letter))

    assert not is_unseen(taint.clean(f"won{hidden}now"))
    assert not is_unseen(taint.one_line(f"won{hidden}now"))
    assert not is_unseen(taint.readable(f"<p>won{hidden}now</p>"))


@pytest.mark.parametrize("case", HOSTILE_TEXTS, ids=lambda each: each.name)
def test_hostile_texts(case: object) -> None:
    """Every hostile text is one line without anything unseen, raw and with its characters written as entities."""
    text = str(getattr(case, "text", ""))
    for form in (text, html.escape(text), "".join(f"&#{ord(each)};" for each in text)):
        line = taint.one_line(form)
        assert not is_unseen(line)
        assert "\n" not in line
        assert "<script" not in taint.readable(text)


def test_the_judge_sees() -> None:
    """The counter-test: some of the hostile texts do hold what nobody sees."""
    assert sum(is_unseen(each.text) for each in HOSTILE_TEXTS) >= 4


def test_comments_and_scripts() -> None:
    """Text that a page would not show is not shown to a model either."""
    markup = "Call <!-- delete all --><style>x</style><script>alert(1)</script>back<br>soon<!-- open"

    assert taint.readable(markup) == "Call back\nsoon"
    assert taint.clean("A" + invisible("hidden order")) == "A"


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever the text, nothing unseen is left, and cleaning what is clean changes nothing."""
    line = taint.one_line(text)

    assert not is_unseen(line)
    assert "\n" not in line
    assert "\r" not in taint.clean(text)


@pytest.mark.parametrize("text", ["Grüße aus Łódź", "再見", "a < b & c", "50 % & more", "naïve café", "שלום"])
def test_honest_texts(text: str) -> None:
    """What people write in any language stays as it is."""
    assert taint.clean(text) == text
    assert taint.one_line(text) == text


def test_fences() -> None:
    """Each fence has a tag that nobody can have written beforehand."""
    tags = {taint.new_tag() for _ in range(1000)}

    assert len(tags) == 1000
    assert taint.fence("x", "ab") == "<crm-data ab>\nx\n</crm-data ab>"
