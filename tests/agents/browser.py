"""A page as a browser sees it: Chromium's own tree where it is installed, and what a parser makes of it elsewhere."""

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
WHERE_TO: Final = frozenset({"src", "href", "xlink:href", "action", "srcset", "data", "poster", "formaction"})
"""Attributes that make a browser go somewhere."""


@dataclass
class Seen(HTMLParser):
    """The elements of a page, the places it points to, and its text."""

    elements: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.places += [value or "" for name, value in attrs if name in WHERE_TO]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(page: str, folder: Path) -> Seen:
    """What is there once the page has been opened."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    found = Seen()
    found.feed(opened(browser, page, folder) if browser else page)
    return found


def opened(browser: str, page: str, folder: Path) -> str:
    """The tree that Chromium makes of a page."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout
