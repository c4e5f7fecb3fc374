"""`sandbox`: a local Pipedrive in the foreground."""

import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

import typer

from pipedrive_tools.cli import output
from pipedrive_tools.cli.options import one_of
from pipedrive_tools.cli.service import stopping
from pipedrive_tools.errors import MissingExtraError
from pipedrive_tools.settings import Plan

try:
    from pipedrive_tools.sandbox import serve
    from pipedrive_tools.sandbox.oauth import CLIENT_ID, CLIENT_SECRET
except ModuleNotFoundError as error:
    raise MissingExtraError(error.name or "starlette", "sandbox") from error

DATA = ("demo", "empty")


def command(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 is any free one.")] = 8765,
    data: Annotated[
        Any, typer.Option(parser=one_of(DATA), metavar="|".join(DATA), help="Records to begin with.")
    ] = "demo",
    deals: Annotated[
        int, typer.Option(min=0, help="Deals in the demo data; the rest grows with them.")
    ] = 400,
    plan: Annotated[
        str,
        typer.Option(
            parser=one_of(get_args(Plan)),
            metavar="|".join(get_args(Plan)),
            help="Plan of the company, which sets its limits.",
        ),
    ] = "growth",
    seats: Annotated[int, typer.Option(min=1, help="Seats, which multiply the daily budget.")] = 1,
    faults: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which calls fail, and how (TOML).")
    ] = None,
    today: Annotated[
        date | None,
        typer.Option(parser=date.fromisoformat, metavar="YYYY-MM-DD", help="Day that the data is dated to."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="The only API token it accepts; else any of 40 characters."),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write every request there, as JSON lines.")
    ] = None,
) -> None:
    """Serve until Ctrl-C."""
    with stopping():
        serve(
            port,
            host,
            data=data,
            deals=deals,
            plan=plan,
            seats=seats,
            today=today,
            faults=faults,
            token=token,
            request_log=log,
            ready=_introduce,
        )


def _introduce(url: str, token: str) -> None:
    output.line(f"A local Pipedrive listens on {url}; stop it with Ctrl-C. In another terminal:")
    output.line(f"  export PIPEDRIVE_BASE_URL={url}")
    output.line(f"  export PIPEDRIVE_API_TOKEN={token}")
    state = Path(tempfile.gettempdir()) / f"pipedrive-sandbox-{urlsplit(url).port}.db"
    output.line(f"  export PIPEDRIVE_STATE=sqlite:///{state}  # keeps trials out of the real record")
    output.line("  pipedrive-tools status")
    output.line("To log in there by OAuth instead, unset PIPEDRIVE_API_TOKEN and:")
    output.line(f"  export PIPEDRIVE_CLIENT_ID={CLIENT_ID} PIPEDRIVE_CLIENT_SECRET={CLIENT_SECRET}")
    output.line("  pipedrive-tools login")
    output.line(f"What it was asked: {url}/_sandbox/log")
    sys.stdout.flush()
