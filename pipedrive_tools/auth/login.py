"""One login of one user: the address that they open, and the one that they come back to."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from pipedrive_tools.auth.app import AGAIN, App
from pipedrive_tools.auth.grant import Grant
from pipedrive_tools.errors import LoginError

STATE_SECONDS: Final = 600.0
"""How long a login waits for its callback."""


@dataclass
class Login:
    """One login: a state that is bound to it, serves once and not for long, and a code exchanged once."""

    app: App
    redirect_uri: str
    clock: Callable[[], float] = time.monotonic
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    _until: float = field(init=False, repr=False)
    is_open: bool = field(init=False, default=True)
    """Whether it still waits: nothing has come back that belongs to it."""

    def __post_init__(self) -> None:
        """Let the state run out."""
        self._until = self.clock() + STATE_SECONDS

    @property
    def url(self) -> str:
        """The address that the user opens."""
        return self.app.authorize_url(redirect_uri=self.redirect_uri, state=self.state)

    def finish(self, address: str) -> Grant:
        """The grant for the address that Pipedrive sent the user back to."""
        query = self._query(address)
        given = query.get("state", [])
        is_mine = len(given) == 1 and secrets.compare_digest(given[0].encode(), self.state.encode())
        if not self.is_open or not is_mine:
            raise LoginError(f"that answer does not belong to this login, so it is refused; {AGAIN}")
        self.is_open = False
        if self.clock() > self._until:
            raise LoginError(f"the answer came too late; {AGAIN}")
        if "error" in query:
            raise LoginError("the user did not agree, so nobody is logged in; nothing was stored")
        codes = query.get("code", [])
        if len(codes) != 1 or not codes[0]:
            raise LoginError(f"the answer holds no code; {AGAIN}")
        return self.app.granted("authorization_code", {"code": codes[0], "redirect_uri": self.redirect_uri})

    def _query(self, address: str) -> Mapping[str, list[str]]:
        """What stands in an address, if it is the callback's own; anything else is none of ours."""
        expected = urlsplit(self.redirect_uri)
        try:
            given = urlsplit(address.strip())
            address.encode()
            query = parse_qs(given.query, keep_blank_values=True)
        except ValueError:
            given, query = None, {}
        where = (expected.scheme, expected.netloc, expected.path)
        if given is None or (given.scheme, given.netloc, given.path) != where:
            raise LoginError("that is not the callback address of this login; paste the whole address")
        return query
