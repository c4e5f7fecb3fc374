from dataclasses import dataclass
from pathlib import Path

import pytest

from pipedrive_tools.errors import PolicyError
from pipedrive_tools.gate.policy import Policy

EXAMPLE = """
[agents.sales-follow-up]
deals = "read"            # off | read | full, per resource; what is not named is off
activities = "full"
notes = "full"
persons = "read"

[agents.sales-follow-up.actions]      # exceptions per tool: off | ask | allow
create_activity = "ask"

[agents.sales-follow-up.limits]
writes_per_run = 25
writes_per_day = 200
tokens_per_run = 2000                 # Pipedrive API tokens
tokens_per_day = 20000

[agents.sales-follow-up.records]      # only these records may be changed
pipelines = [1]
owners = ["me"]

[agents.sales-follow-up.fields]
never_write = ["deals.value", "deals.currency"]
never_show = ["persons.phones"]
"""
KEY = "d4de1c1518b4531717c676029a45911c340390a6"


@dataclass(frozen=True)
class Bad:
    name: str
    text: str
    names: tuple[str, ...]
    """What the one line must name."""

    def __str__(self) -> str:
        return self.name


BAD = (
    Bad("an unknown table", "[robots.a]\n", ("robots",)),
    Bad("an unknown key of an agent", '[agents.a]\ndealz = "read"\n', ("agents.a.dealz",)),
    Bad("an unknown level", '[agents.a]\ndeals = "write"\n', ("agents.a.deals", "'off', 'read' or 'full'")),
    Bad("a level in capitals", '[agents.a]\ndeals = "Read"\n', ("agents.a.deals",)),
    Bad("a level as a flag", "[agents.a]\ndeals = true\n", ("agents.a.deals",)),
    Bad("an agent that is no table", '[agents]\na = "full"\n', ("agents.a",)),
    Bad("an agent without a name", '[agents." "]\ndeals = "read"\n', ("an agent needs a name",)),
    Bad(
        "an unknown tool",
        '[agents.a.actions]\ndelete_deals = "ask"\n',
        ("agents.a.actions", "'delete_deals'", "did you mean 'delete_deal'?"),
    ),
    Bad("an unknown action", '[agents.a.actions]\ndelete_deal = "yes"\n', ("agents.a.actions.delete_deal",)),
    Bad(
        "an unknown tool under taint",
        '[agents.a.tainted]\ndrop = "ask"\n',
        ("agents.a.tainted", "'drop'"),
    ),
    Bad("an unknown limit", "[agents.a.limits]\nwrites = 3\n", ("agents.a.limits.writes",)),
    Bad("a negative limit", "[agents.a.limits]\nwrites_per_run = -1\n", ("agents.a.limits.writes_per_run",)),
    Bad("a limit as text", '[agents.a.limits]\nwrites_per_run = "3"\n', ("agents.a.limits.writes_per_run",)),
    Bad(
        "a limit as a flag", "[agents.a.limits]\nwrites_per_run = true\n", ("agents.a.limits.writes_per_run",)
    ),
    Bad(
        "a limit in halves", "[agents.a.limits]\nwrites_per_run = 2.5\n", ("agents.a.limits.writes_per_run",)
    ),
    Bad(
        "a limit without end", "[agents.a.limits]\nvalue_per_run = inf\n", ("agents.a.limits.value_per_run",)
    ),
    Bad("a limit that is no number", "[agents.a.limits]\nvalue_per_run = nan\n", ("value_per_run",)),
    Bad("a pipeline by name", '[agents.a.records]\npipelines = ["Sales"]\n', ("agents.a.records.pipelines",)),
    Bad("a pipeline as a flag", "[agents.a.records]\npipelines = [true]\n", ("agents.a.records.pipelines",)),
    Bad("a pipeline without a list", "[agents.a.records]\npipelines = 1\n", ("agents.a.records.pipelines",)),
    Bad("an owner that is not me", '[agents.a.records]\nowners = ["you"]\n', ("agents.a.records.owners",)),
    Bad("an unknown scope", "[agents.a.records]\nregions = [1]\n", ("agents.a.records.regions",)),
    Bad(
        "an unknown field",
        '[agents.a.fields]\nnever_write = ["deals.valeu"]\n',
        ("agents.a.fields.never_write", "'deals.valeu'", "did you mean 'value'?"),
    ),
    Bad(
        "a field without a resource",
        '[agents.a.fields]\nnever_show = ["phones"]\n',
        ("agents.a.fields.never_show", "'phones'"),
    ),
    Bad(
        "a field of an unknown resource",
        '[agents.a.fields]\nnever_show = ["people.phones"]\n',
        ("agents.a.fields.never_show", "'people'"),
    ),
    Bad("a ceiling of an unknown field", '[agents.a.fields.max]\n"deals.worth" = 3\n', ("deals.worth",)),
    Bad("a negative ceiling", '[agents.a.fields.max]\n"deals.value" = -3\n', ("deals.value",)),
    Bad("a negative settle time", "[agents.a.recovery]\nsettle_seconds = -1\n", ("settle_seconds",)),
    Bad("an unknown recovery", '[agents.a.recovery]\nabsent = "shrug"\n', ("agents.a.recovery.absent",)),
    Bad(
        "a marker in a place that there is not",
        '[agents.a.recovery.markers]\ndeals = "line"\n',
        ("deals", "'line'", "custom field"),
    ),
    Bad(
        "a marker for what is not created",
        f'[agents.a.recovery.markers]\npipelines = "{KEY}"\n',
        ("pipelines",),
    ),
    Bad("no TOML", "agents = [", ("is not TOML",)),
    Bad("a key twice", '[agents.a]\ndeals = "read"\ndeals = "full"\n', ("is not TOML",)),
)


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_file(case: Bad, tmp_path: Path) -> None:
    """Whatever is wrong with a policy file, one line says so and names it."""
    path = tmp_path / "policy.toml"
    path.write_text(case.text, encoding="utf-8")

    with pytest.raises(PolicyError) as caught:
        Policy.load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    for name in case.names:
        assert name in message


@pytest.mark.parametrize("kind", ["missing", "folder", "not text"])
def test_a_file_that_cannot_be_read(kind: str, tmp_path: Path) -> None:
    """A file that is not there, or no text, is one line that names it."""
    path = tmp_path / "policy.toml"
    if kind == "folder":
        path.mkdir()
    if kind == "not text":
        path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(PolicyError, match=r"policy\.toml' cannot be read"):
        Policy.load(path)


def test_the_example() -> None:
    """The example of the documentation holds, and says what it seems to say."""
    rights = Policy.parse(EXAMPLE).of("sales-follow-up")

    assert (rights.deals, rights.activities, rights.leads) == ("read", "full", "off")
    assert rights.actions == {"create_activity": "ask"}
    assert (rights.limits.writes_per_run, rights.limits.tokens_per_day) == (25, 20000)
    assert (rights.records.pipelines, rights.records.owners, rights.records.stages) == ([1], ["me"], None)
    assert rights.fields.never_write == ["deals.value", "deals.currency"]
    assert rights.recovery.settle_seconds == 60


def test_an_empty_file() -> None:
    """A policy that names nobody grants nothing."""
    assert Policy.parse("").agents == {}
    assert Policy.parse("").of("a").deals == "off"


def test_custom_fields_by_key() -> None:
    """A custom field is named by its key, in every field rule and as a place for markers."""
    rights = Policy.parse(
        f'[agents.a.fields]\nnever_write = ["deals.{KEY}"]\nnever_show = ["persons.{KEY}"]\n'
        f'[agents.a.fields.max]\n"deals.{KEY}" = 10\n[agents.a.recovery.markers]\ndeals = "{KEY}"\nnotes = "line"\n'
    ).of("a")

    assert rights.fields.never_write == [f"deals.{KEY}"]
    assert rights.recovery.markers == {"deals": KEY, "notes": "line"}
