"""The option that names a set of tools; it loads the toolset, which most commands do not need."""

from typing import Annotated

import typer

from pipedrive_tools.cli.options import one_of
from pipedrive_tools.endpoints.profiles import PROFILES

ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        parser=one_of(tuple(PROFILES)),
        metavar="|".join(PROFILES),
        help="A named set of tools; the policy still decides what of it may be used.",
    ),
]
