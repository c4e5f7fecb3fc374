"""What people see: a table on a terminal, plain text in a pipe. Text from the account is never read as markup."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from pipedrive_tools.render.cells import plural
from sales_follow_up.applying import Outcome
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.review import Review
from sales_follow_up.rows import block, outcome_line, stand_ins, table

_COLOURS: Final = {"scheduled": "green", "refused": "red", "failed": "red", "unknown": "yellow"}


class Screen:
    """Standard output for the report, standard error for progress and questions. A listener of the run."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self.out = Console(highlight=False, soft_wrap=True, quiet=is_quiet)
        self.aside = Console(highlight=False, stderr=True, soft_wrap=True)
        self._status: Status | None = None
        self._needing = 0

    def say(self, text: str = "", style: str = "") -> None:
        """One line."""
        self.out.print(Text(text, style))

    def hint(self, text: str) -> None:
        """One line beside the report."""
        self.aside.print(Text(text, "dim"))

    def busy(self, doing: str) -> None:
        """What takes a while, on a terminal; nothing in a pipe, and nothing where there is nothing to say."""
        if self._status:
            self._status.stop()
        self._status = None
        if doing and self.aside.is_terminal and self.out.is_terminal and not self.out.quiet:
            self._status = self.aside.status(Text(doing))
            self._status.start()

    def reads(self, what: str) -> None:
        """The next list is being read."""
        self.busy(f"Reading {what}")

    def found(self, review: Review) -> None:
        """What the review found."""
        self.busy("")
        account = review.account
        leads = f" and {plural(review.leads, 'lead')}" if review.leads else ""
        self.say(f"{plural(review.deals, 'open deal')}{leads} on {account.today:%A, %d %B %Y}", "bold")
        self.say(
            f"  {review.waiting} have a next step, {review.needing} need one, {review.quiet} are quiet"
            + (f", {review.snoozed} are snoozed" if review.snoozed else "")
            + (f", {review.unchanged} did not change" if review.unchanged else "")
            + (f", {len(review.unjudged)} could not be judged" if review.unjudged else "")
        )
        counts = sorted(review.signals.items(), key=lambda each: -each[1])
        if counts:
            self.say("  why: " + ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in counts))
        if review.unjudged and account.activities_were_read:
            self.say("  not judged: what names an activity which no list shows (hidden from this user?)")
        for gap in account.gaps:
            self.say(f"  not checked: {gap}", "yellow")
        self._needing = review.needing
        self.busy("Planning")

    def proposed(self, proposals: Sequence[Proposal], *, goes_on: bool = False) -> None:
        """The proposals, the one that presses most first."""
        self.busy("")
        if not proposals:
            self.say("Nothing to propose.")
            return
        self.say()
        if goes_on:
            self.say(
                "An earlier run of today was broken off; this one finishes what was agreed to then.", "yellow"
            )
        is_cut = len(proposals) < self._needing and not goes_on
        more = (
            f" (the {len(proposals)} of {self._needing} that press most; --limit shows more)"
            if is_cut
            else ""
        )
        self.say(f"Proposed next steps{more}", "bold")
        if self.out.is_terminal:
            self.out.print(table(proposals, self.out.width), soft_wrap=False)
        else:
            for number, proposal in enumerate(proposals, start=1):
                self.say(block(number, proposal))
        for line in stand_ins(proposals):
            self.say(f"  {line}", "yellow")

    def applied(self, outcome: Outcome) -> None:
        """One proposal was dealt with."""
        self.busy(f"{outcome.state}: {outcome.proposal.finding.about.key}")

    def outcomes(self, report: Report, *, tells_undo: bool) -> None:
        """What became of each proposal; where nothing can be taken back later, only what went another way."""
        self.busy("")
        told = [
            (number, outcome)
            for number, outcome in enumerate(report.outcomes, start=1)
            if tells_undo or outcome.state != "scheduled"
        ]
        if told:
            self.say()
            self.say("What was done", "bold")
        for number, outcome in told:
            self.say(outcome_line(number, outcome, tells_undo=tells_undo), _COLOURS.get(outcome.state, ""))

    def closing(self, report: Report, *, policy: str, is_demo: bool) -> None:
        """What it cost, how to take it back, where it is written down, what to do next."""
        counts = ", ".join(f"{count} {state}" for state, count in report.state_counts.items())
        self.say()
        self.say(f"Done: {counts or 'nothing was written; --apply ask or --apply all schedules'}", "bold")
        tokens = report.review.account.tokens
        drafting = f", {report.model_tokens:,} model tokens to draft" if report.model_tokens else ""
        self.say(
            f"  cost: {tokens} Pipedrive tokens to review, {report.tokens_applied} to schedule{drafting}"
        )
        self.say(
            "  ranking: signals and days x value rank in its own currency (nothing is converted) x chance"
        )
        self.say(f"  rights: {policy}")
        if report.state_counts["scheduled"]:
            lasting = "this account is gone with the demo" if is_demo else "each ID stands above"
            self.say(f"  undo: pipedrive-tools undo ID ({lasting})")
        self.say(f"  audit trail: PIPEDRIVE_STATE={report.state} pipedrive-tools audit show")
