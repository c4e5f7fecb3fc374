"""What a drafted deal costs in model tokens, as the recorded traffic of a real small model has it."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from tests.agent_tapes import CASES, Case
from tests.figures import Figure


def run() -> Iterator[Figure]:
    """The dearest draft of each framework's recorded run."""
    for case in CASES:
        if case.has_model:
            spent = drafts(case)
            note = f"{len(spent)} drafts, question and answer: {spent}"
            yield Figure(f"model tokens of a drafted deal, {case.framework}", max(spent), "<= 1500", note)


def drafts(case: Case) -> list[int]:
    """Tokens of each draft, as the model's server counted them."""
    tape: Any = yaml.safe_load(case.path.read_text(encoding="utf-8"))
    answers = (
        json.loads(each["response"]["body"]["string"])
        for each in tape["interactions"]
        if each["request"]["uri"].endswith("/chat/completions")
    )
    return [answer["usage"]["total_tokens"] for answer in answers]
