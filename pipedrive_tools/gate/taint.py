"""Foreign text: cleaned of what a person cannot see, and fenced so that a model can tell it from ours.

A fence helps and is not relied on: the gate is stricter once a run has read foreign text (`verdict`).
"""

import html
import re
import secrets
from typing import Final

_UNSEEN: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, direction marks, invisible operators
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"  # fillers, variation selectors, byte order mark
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # invisible format characters
    "\U000e0000-\U000e0fff"  # tags and further variation selectors
    "]"
)
_BREAK: Final = re.compile(r"<(br|/p|/div|/li|/h\d|/tr)\b[^>]*>", re.IGNORECASE)
_COMMENT: Final = re.compile(r"<!--.*?(-->|$)", re.DOTALL)
_HIDDEN: Final = re.compile(r"<(script|style|template)\b.*?(</\1\s*>|$)", re.DOTALL | re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z][^>]*>")
_BLANKS: Final = re.compile(r"[ \t]+")
_LINES: Final = re.compile(r"\s*\n\s*")

TAG_DIGITS: Final = 12
"""Models read three digits as one token; letters would cost more."""


def clean(text: str) -> str:
    """The text without invisible characters, before and after entities are decoded."""
    for _ in range(3):
        seen = _UNSEEN.sub("", text)
        opened = html.unescape(seen)
        if opened == text:
            return text
        text = opened
    return _UNSEEN.sub("", text)


def readable(markup: str) -> str:
    """HTML as plain text: comments and tags gone, breaks as line feeds, entities decoded."""
    text = _UNSEEN.sub("", markup)
    text = _HIDDEN.sub("", _COMMENT.sub("", text))
    text = _TAG.sub("", _BREAK.sub("\n", text))
    return _LINES.sub("\n", _BLANKS.sub(" ", clean(text))).strip()


def one_line(text: str) -> str:
    """Cleaned text that cannot break out of its row."""
    if text.isascii() and text.isprintable() and "&" not in text and "  " not in text:
        return text.strip()
    return " ".join(clean(text).split())


def cut(text: str, limit: int) -> str:
    """A text that is too long, with a mark where it was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def new_tag() -> str:
    """A tag that nobody can have written into a record beforehand; models read three digits as one token."""
    return f"{secrets.randbelow(10**TAG_DIGITS):0{TAG_DIGITS}}"


def fence(text: str, tag: str) -> str:
    """Foreign text between marks that carry a random tag."""
    return f"<crm-data {tag}>\n{text}\n</crm-data {tag}>"
