"""Webhooks that shall be there: named as the guides do, or declared in a file."""

import tomllib
from pathlib import Path

import pytest

from pipedrive_tools.errors import ArgumentsError, SettingsError
from pipedrive_tools.webhooks.wanted import Wanted, declared, parsed

URL = "https://hooks.example.com/"


@pytest.mark.parametrize(
    ("event", "means"),
    [
        ("added.deal", ("create", "deal")),
        ("updated.person", ("change", "person")),
        ("deleted.deal", ("delete", "deal")),
        ("*.deal", ("*", "deal")),
        ("change.*", ("change", "*")),
        (" create.lead ", ("create", "lead")),
    ],
)
def test_events(event: str, means: tuple[str, str]) -> None:
    """The guide's names and those of version 2 say the same."""
    wanted = Wanted.of(name="x", event=event, url=URL)

    assert (wanted.action, wanted.object) == means


@pytest.mark.parametrize("event", ["deal", "removed.deal", "added.deals", "added.", ".deal", ""])
def test_no_events(event: str) -> None:
    """What is no event is refused before anything is sent."""
    with pytest.raises(ArgumentsError):
        Wanted.of(name="x", event=event, url=URL)


def test_a_file() -> None:
    """A file names one address for all, or one for each."""
    text = f"""
    url = "{URL}"
    [[webhooks]]
    name = "Deals"
    event = "*.deal"
    [[webhooks]]
    name = "People"
    event = "updated.person"
    url = "https://people.example.com/"
    user_id = 7
    """

    assert parsed(tomllib.loads(text), "hooks.toml") == [
        Wanted(name="Deals", url=URL, action="*", object="deal"),
        Wanted(name="People", url="https://people.example.com/", action="change", object="person", user_id=7),
    ]


WRONG = {
    "unknown key": ('urls = ""\nwebhooks = []', "urls"),
    "no list": (f'url = "{URL}"', "webhooks"),
    "no address": ('[[webhooks]]\nname = "a"\nevent = "*.deal"', "no 'url'"),
    "no name": ('[[webhooks]]\nevent = "*.deal"', "name"),
    "a blank name": (f'url = "{URL}"\n[[webhooks]]\nname = " "\nevent = "*.deal"', "not blank"),
    "a wrong event": (f'url = "{URL}"\n[[webhooks]]\nname = "a"\nevent = "deal"', "no event"),
    "a wrong address": ('url = "http://a.example"\n[[webhooks]]\nname = "a"\nevent = "*.deal"', "https"),
    "a name twice": (
        f'url = "{URL}"\n' + '[[webhooks]]\nname = "a"\nevent = "*.deal"\n' * 2,
        "two webhooks are called 'a'",
    ),
    "too many": (
        f'url = "{URL}"\n' + "".join(f'[[webhooks]]\nname = "{n}"\nevent = "*.deal"\n' for n in range(41)),
        "lets a user have 40",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file(case: str, tmp_path: Path) -> None:
    """What is wrong with a file is told in one line that names the file."""
    text, why = WRONG[case]
    path = tmp_path / "hooks.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match=why) as found:
        declared(path)
    assert str(path) in str(found.value)


@pytest.mark.parametrize("text", [None, b"\xff", b"name = "])
def test_an_unreadable_file(text: bytes | None, tmp_path: Path) -> None:
    """A file that is not there, is no text or no TOML is told by its name."""
    path = tmp_path / "hooks.toml"
    if text is not None:
        path.write_bytes(text)

    with pytest.raises(SettingsError, match=r"hooks\.toml"):
        declared(path)
