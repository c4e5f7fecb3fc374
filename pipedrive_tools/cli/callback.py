"""The callback of a login: a small server on this machine that waits for the user to come back from Pipedrive."""

import html
import threading
import time
import webbrowser
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final

from pipedrive_tools.auth import Grant, Login
from pipedrive_tools.auth.login import STATE_SECONDS
from pipedrive_tools.errors import LoginError, PipedriveToolsError

HOST: Final = "127.0.0.1"
PATH: Final = "/callback"
CONNECTION_SECONDS: Final = 5.0
"""How long one connection may take to say what it wants."""


def address(port: int) -> str:
    """The callback address; exactly this one must be registered for the app."""
    return f"http://{HOST}:{port}{PATH}"


class Callback(HTTPServer):
    """Listens from the moment it is made, and gives what came of the login."""

    allow_reuse_address = True

    def __init__(self, login: Login, port: int) -> None:
        self.login = login
        self.grant: Grant | None = None
        self.problem: PipedriveToolsError | None = None
        try:
            super().__init__((HOST, port), _Answer)
        except OSError as error:
            raise LoginError(
                f"port {port} for the callback cannot be used ({error.strerror}); free it, choose another with --port "
                "(and register that address for the app), or use --no-browser"
            ) from None

    def wait(self) -> Grant:
        """Open the browser and serve until the user is back; strangers' answers are turned away meanwhile."""
        threading.Thread(target=_open, args=(self.login.url,), daemon=True).start()
        until = time.monotonic() + STATE_SECONDS
        while self.grant is None and self.problem is None:
            self.timeout = until - time.monotonic()
            if self.timeout <= 0:
                raise LoginError("nobody came back from Pipedrive in time; log in again, or use --no-browser")
            self.handle_request()
        if self.grant is None:
            raise self.problem or LoginError("the login did not come about; log in again")
        return self.grant


class _Answer(BaseHTTPRequestHandler):
    """What the browser shows."""

    timeout = CONNECTION_SECONDS
    server: Callback

    def do_GET(self) -> None:
        """Finish the login, if this is its callback."""
        login = self.server.login
        try:
            self.server.grant = login.finish(f"http://{self.headers.get('host', '')}{self.path}")
        except PipedriveToolsError as error:
            if not login.is_open:
                self.server.problem = error
            self._say(400, str(error))
        else:
            self._say(200, "You are logged in; close this page and go back to the terminal.")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the address holds the code."""

    def _say(self, status: int, text: str) -> None:
        page = f"<!DOCTYPE html><title>pipedrive-tools</title><p>{html.escape(text)}</p>".encode()
        self.send_response(status)
        for name, value in (
            ("content-type", "text/html; charset=utf-8"),
            ("content-length", str(len(page))),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
        ):
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(page)


def _open(url: str) -> None:
    """A machine without a browser is no error: the address is printed, too."""
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(url)
