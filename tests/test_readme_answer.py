"""One real answer in the README, beside the record that Pipedrive sent, both with their tokens.

After a change that is meant, write it anew and read it before committing:

    UPDATE_SNAPSHOTS=1 python -m pytest tests/test_readme_answer.py
"""

import json
import os
from pathlib import Path
from typing import Final

from pipedrive_tools import Policy, Settings, Toolset
from pipedrive_tools.sandbox import Sandbox
from tests.o200k import count

README: Final = Path(__file__).parents[1] / "README.md"
BEGIN: Final = "<!-- answer: begin, checked by tests/test_readme_answer.py -->"
END: Final = "<!-- answer: end -->"
USUAL: Final = 5
"""How many custom fields of a demo deal are filled as a rule."""


def test_the_answer_in_the_readme(sandbox: Sandbox, store_url: str) -> None:
    """The README shows an answer as the toolset gives it, the record behind it, and the tokens of both."""
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    shown, end, after = rest.partition(END)
    assert begin
    assert end
    fresh = answer(sandbox, store_url)
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        README.write_text(f"{before}{begin}{fresh}{end}{after}", encoding="utf-8")
        return
    assert shown == fresh, "see the top of this file"


def answer(sandbox: Sandbox, state: str) -> str:
    """A deal with filled custom fields, as a model reads it and as Pipedrive sends it."""
    deal = next(
        each
        for each in sandbox.records("deals")
        if each["status"] == "open"
        and each["person_id"]
        and each["org_id"]
        and sum(map(bool, each["custom_fields"].values())) == USUAL
    )
    settings = Settings(base_url=sandbox.url, api_token=sandbox.token, state=state)
    policy = Policy.read_only("reader")
    with Toolset.connect("reader", policy, settings=settings, fence_tag="404718262519") as toolset:
        for name in ("list_deal_fields", "list_stages", "list_pipelines", "list_users"):
            toolset.call(name)
        toolset.call("get_person", {"person_id": deal["person_id"]})
        toolset.call("get_organization", {"org_id": deal["org_id"]})
        found = toolset.call("get_deal", {"deal_id": deal["id"]})
    raw = json.dumps(found.data, separators=(",", ":"), ensure_ascii=False)
    return (
        f"\n\n{count(found.text)} tokens for the model:\n\n```text\n{found.text}\n```\n\n"
        f"{count(raw)} tokens in Pipedrive's JSON:\n\n```json\n{raw}\n```\n\n"
    )
