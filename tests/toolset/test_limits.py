from collections.abc import Iterator
from pathlib import Path

import pytest

from pipedrive_tools import Settings, Toolset
from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.state import journal
from pipedrive_tools.state.store import Store
from tests.calls import allow_everything

AGENT = "tester"


@pytest.fixture
def small() -> Iterator[Sandbox]:
    """A company on the smallest plan, with every limit in force."""
    with Sandbox.start(deals=5, plan="lite") as sandbox:
        yield sandbox


def connect(sandbox: Sandbox, state: str, **more: object) -> Toolset:
    """A toolset that may do everything, on a store."""
    settings = Settings(
        base_url=sandbox.url,
        api_token=sandbox.token,
        state=state,
        **more,  # type: ignore[arg-type]  # checked where it matters
    )
    return Toolset.connect(AGENT, allow_everything(AGENT), settings=settings)


def writes(state: str) -> int:
    """How many writes the journal holds."""
    store = Store(state)
    with store.transaction(durable=False) as connection:
        found = len(list(journal.listed(connection, ())))
    store.close()
    return found


def test_results_tell_how_much_of_the_day_is_used(small: Sandbox, store_url: str) -> None:
    """Where the budget is known the model sees it, and a warning near its end."""
    with connect(small, store_url, plan="lite") as tools:
        quiet = tools.call("list_deals", {"limit": 1}).text
    with connect(small, store_url, daily_tokens=25) as tools:
        loud = tools.call("list_deals", {"limit": 1}).text

    assert quiet.endswith("cost: 10 Pipedrive tokens; 10 of 30,000 used today")
    assert loud.endswith("cost: 10 Pipedrive tokens; 20 of 25 used today (over 75%)")


def test_nothing_is_said_of_an_unknown_budget(small: Sandbox, store_url: str) -> None:
    """Without a plan the line is as short as ever."""
    with connect(small, store_url) as tools:
        text = tools.call("list_deals", {"limit": 1}).text

    assert text.endswith("cost: 10 Pipedrive tokens")


def test_more_calls_than_a_window_takes_all_pass(small: Sandbox, store_url: str) -> None:
    """Thirty calls against a window of twenty wait instead of being refused."""
    with connect(small, store_url) as tools:
        results = [tools.call("get_deal", {"deal_id": 1}) for _ in range(30)]

    assert all(result.ok for result in results)
    assert not any(entry["status"] == 429 for entry in small.log())


def test_a_write_beyond_the_budget_is_never_written_down(small: Sandbox, store_url: str) -> None:
    """A write that cannot be sent today leaves no intent behind, and says when to try again."""
    with connect(small, store_url, daily_tokens=4) as tools:
        result = tools.call("create_note", {"deal_id": 1, "content": "Hello"})

    assert result.status == "failed"
    assert "starts again at" in result.text
    assert "Nothing was changed" in result.text
    assert small.log() == []
    assert writes(store_url) == 0


def test_a_block_stops_other_toolsets_of_the_store(store_url: str, tmp_path: Path) -> None:
    """One process meets the page; the next one does not even ask."""
    faults = tmp_path / "faults.toml"
    faults.write_text('[[faults]]\nkind = "html_403"\nnth = 2\n', encoding="utf-8")
    with Sandbox.start(deals=5, faults=faults, switches=Switches(burst_limits=False)) as sandbox:
        with connect(sandbox, store_url) as tools:
            assert tools.call("get_deal", {"deal_id": 1}).ok
            met = tools.call("get_deal", {"deal_id": 1})
        with connect(sandbox, store_url) as tools:
            later = [tools.call("get_deal", {"deal_id": 1}), tools.call("delete_deal", {"deal_id": 1})]

        assert met.status == "failed"
        assert [result.status for result in later] == ["failed", "failed"]
        assert all("Try again in" in result.text for result in later)
        assert len(sandbox.log()) == 2


@pytest.mark.parametrize("shape", ["text", "burst"])
def test_an_empty_day_stops_every_toolset_of_the_store(small: Sandbox, store_url: str, shape: str) -> None:
    """However a daily 429 looks, nothing more is sent before the reset."""
    small.switch(daily_429=shape)
    with connect(small, "sqlite://") as other:
        assert other.call("get_deal", {"deal_id": 1}).ok
    small._there(lambda: small._api.limits.spend(30_000, small._api.world.switches))
    with connect(small, store_url) as tools:
        assert tools.call("get_deal", {"deal_id": 1}).status == "failed"
    sent = len(small.log())
    with connect(small, store_url) as tools:
        result = tools.call("get_deal", {"deal_id": 1})

    assert result.status == "failed"
    assert "starts again at" in result.text
    assert len(small.log()) == sent
