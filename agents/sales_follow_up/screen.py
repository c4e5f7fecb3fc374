"""What people see: a table on a terminal, plain text in a pipe. Text from the account is never read as markup."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from sales_follow_up.consent import ANSWERS, Answer
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.rows import block, outcome_line, plural, table, title

_COLOURS: Final = {"scheduled": "green", "refused": "red", "failed": "red", "unknown": "yellow"}


class Screen:
    """Standard output for the report, standard error for progress and questions."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self.out = Console(highlight=False, soft_wrap=True, quiet=is_quiet)
        self.aside = Console(highlight=False, stderr=True, soft_wrap=True)

    def say(self, text: str = "", style: str = "") -> None:
        """One line."""
        self.out.print(Text(text, style))

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Progress]:
        """A bar on a terminal, nothing in a pipe; `progress.advance(progress.task_ids[0])` moves it."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        is_shown = self.aside.is_terminal and self.out.is_terminal and not self.out.quiet
        with Progress(*columns, console=self.aside, transient=True, disable=not is_shown) as progress:
            progress.add_task(what, total=total)
            yield progress

    def found(self, report: Report) -> None:
        """What the review found."""
        review = report.review
        self.say(f"{plural(review.deals, 'open deal')} on {report.book.today:%A, %d %B %Y}", "bold")
        self.say(
            f"  {review.waiting} have a next step, {len(review.findings)} need one, {review.quiet} are quiet, "
            f"{len(review.unjudged)} could not be judged"
        )
        counts = report.signal_counts.most_common()
        if counts:
            self.say("  " + ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in counts))
        if review.unjudged and report.book.activities_were_read:
            self.say("  not judged: deals that name an activity which no list shows (hidden from this user?)")
        for gap in report.book.gaps:
            self.say(f"  not checked: {gap}", "yellow")

    def proposals(self, report: Report) -> None:
        """The proposals, the one that presses most first."""
        shown, all_ = len(report.proposals), len(report.review.findings)
        if not shown:
            self.say("Nothing to propose.")
            return
        self.say()
        more = f" (the {shown} of {all_} that press most; --limit shows more)" if shown < all_ else ""
        self.say(f"Proposed next steps{more}", "bold")
        if self.out.is_terminal:
            self.out.print(table(report.proposals, self.out.width), soft_wrap=False)
        else:
            for number, proposal in enumerate(report.proposals, start=1):
                self.say(block(number, proposal))

    def ask(self, number: int, proposal: Proposal) -> Answer:
        """Ask the person at the terminal about one proposal; the end of input is a quit."""
        plan = proposal.follow_up
        self.aside.print(Text(f"\n{number}. {title(proposal.finding.deal)}: {plan.reason}"))
        while True:
            self.aside.print(
                Text(f"   {plan.subject}, {plan.due_date:%a %d %b}? [y]es [n]o [a]ll [q]uit "), end=""
            )
            try:
                said = input().strip().lower()[:1]
            except (EOFError, KeyboardInterrupt):
                self.aside.print()
                return "quit"
            match ANSWERS.get(said):
                case "yes" | "no" | "all" | "quit" as answer:
                    return answer

    def outcomes(self, report: Report, *, tells_undo: bool) -> None:
        """What became of each proposal."""
        if report.outcomes:
            self.say()
            self.say("What was done", "bold")
        for number, outcome in enumerate(report.outcomes, start=1):
            self.say(outcome_line(number, outcome, tells_undo=tells_undo), _COLOURS.get(outcome.state, ""))

    def closing(self, report: Report, *, policy: str, is_demo: bool) -> None:
        """What it cost, how to take it back, where it is written down, what to do next."""
        counts = ", ".join(f"{count} {state}" for state, count in report.state_counts.items())
        self.say()
        self.say(f"Done: {counts or 'nothing was written; --apply ask or --apply all schedules'}", "bold")
        self.say(
            f"  cost: {report.book.tokens} Pipedrive tokens to review, {report.tokens_applied} to schedule"
        )
        self.say(
            "  ranking: signals and days x value rank in its own currency (nothing is converted) x chance"
        )
        self.say(f"  rights: {policy}")
        if report.state_counts["scheduled"]:
            lasting = "this account is gone with the demo" if is_demo else "each ID stands above"
            self.say(f"  undo: pipedrive-tools undo ID ({lasting})")
        self.say(f"  audit trail: PIPEDRIVE_STATE={report.state} pipedrive-tools audit show")
