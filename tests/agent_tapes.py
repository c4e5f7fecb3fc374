"""The follow-up agent's whole runs, as they are recorded and played: by rules and with a model, in each framework."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sales_follow_up.consent import Consent, all_of
from sales_follow_up.drafting import ANSWER_TOKENS, ModelPlanner
from sales_follow_up.frameworks import Framework, runner
from sales_follow_up.model import langchain, llamaindex
from sales_follow_up.model.name import ModelName
from sales_follow_up.planning import RulePlanner
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import AGENT, Steps

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from tests.cassettes_tape import CASSETTES, MODEL_HOST, Format, tape
from tests.conftest import TODAY

FOLDER: Final = CASSETTES / "agents" / "sales_follow_up"
MODEL_VARIABLE: Final = "RECORD_MODEL"
"""Environment variable that names the model to record, such as `openai:NAME@http://127.0.0.1:8080/v1`."""
DEALS: Final = 12
LIMIT: Final = 2
CLIENTS: Final = {Framework.LANGCHAIN: langchain, Framework.LLAMAINDEX: llamaindex}


@dataclass(frozen=True)
class Case:
    """One run."""

    framework: Framework
    has_model: bool

    @property
    def name(self) -> str:
        """Its name, and that of its cassette."""
        return f"{'model' if self.has_model else 'rules'}_{self.framework}"

    @property
    def path(self) -> Path:
        """Its cassette."""
        return FOLDER / f"{self.name}.yaml"


CASES: Final = [Case(framework, has_model) for has_model in (False, True) for framework in Framework]


def whole_run(case: Case, settings: Settings, model: str) -> Report:
    """Read, draft, judge, agree to everything, write."""
    consent = Consent()
    policy = Policy.load(PACKAGED_POLICY)
    planner: Any = RulePlanner()
    if case.has_model:
        client = CLIENTS[case.framework].connect(ModelName.parse(model), seconds=300, tokens=ANSWER_TOKENS)
        planner = ModelPlanner(client, "the model", tag="00000000")
    with Toolset.connect(AGENT, policy, settings=settings, approver=consent) as toolset:
        steps = Steps(toolset=toolset, consent=consent, planner=planner, limit=LIMIT, today=TODAY)
        run = runner(case.framework, None)
        return run(steps, decide=lambda found: all_of(found, "a test"), listener=Screen(is_quiet=True))


def record(wanted: list[str]) -> Iterator[str]:
    """Record the runs anew on the sandbox; those with a model only where one is named. Says what came of each."""
    model = os.environ.get(MODEL_VARIABLE, "")
    for case in CASES:
        name = f"agents/sales_follow_up/{case.name}"
        if wanted and name not in wanted:
            continue
        if case.has_model and not model:
            yield f"{name} is kept as it is: {MODEL_VARIABLE} names no model"
            continue
        yield f"{name} {_recorded(case, model)}"


def _recorded(case: Case, model: str) -> str:
    case.path.unlink(missing_ok=True)
    call: dict[str, Any] = {"run": case.name}
    source = "the sandbox"
    if case.has_model:
        named = ModelName.parse(model)
        call["model"] = f"{named.provider}:{named.name}@https://{MODEL_HOST}/v1"
        source = f"the sandbox and a real small model, {named.name},"
    with Sandbox.start(today=TODAY, deals=DEALS, plan="ultimate") as box:
        box.switch(burst_limits=False)
        settings = Settings(base_url=box.url, api_token=box.token, state="sqlite://")
        with tape("all", Format(source, call)).use_cassette(str(case.path)):
            report = whole_run(case, settings, model)
    call["steps"] = [each.follow_up.model_dump(mode="json") for each in report.proposals]
    call["planned_by"] = [each.planned_by for each in report.proposals]
    call["states"] = dict(report.state_counts)
    call["model_tokens"] = report.model_tokens
    _head(case.path, source, call)
    return f"{call['states']} {call['planned_by']} {call['model_tokens']} model tokens"


def _head(path: Path, source: str, call: dict[str, Any]) -> None:
    """Write how the run ended, which is known only after the tape has been closed."""
    form = Format(source, call)
    played = form.deserialize(path.read_text(encoding="utf-8"))
    played.pop("call")
    path.write_text(form.serialize(played), encoding="utf-8")
