"""The sandbox in a process of its own, so that killing and tracing a client never touches it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from pipedrive_tools.sandbox import Switches, serve
from pipedrive_tools.settings import Settings

DEALS: Final = 40
SEATS: Final = 500
"""A budget that hundreds of thousands of calls do not spend."""


class FarSide:
    """A sandbox that runs until `stop`, judged and steered over HTTP only."""

    def __init__(self, *, deals: int = DEALS, **switches: Any) -> None:
        wanted = json.dumps({"deals": deals, "switches": {"burst_limits": False, **switches}})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.far_side", wanted],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        told = self._process.stdout.readline() if self._process.stdout else ""
        if not told:
            raise RuntimeError("the sandbox did not come up")
        self.url, self.token = told.split()
        self._client = httpx.Client(base_url=f"{self.url}/_sandbox", timeout=30, trust_env=False)

    def settings(self, state: str, **more: Any) -> Settings:
        """How a client reaches it."""
        return Settings(base_url=self.url, api_token=self.token, state=state, **more)

    def records(self, resource: str) -> list[dict[str, Any]]:
        """The records of a resource as the server holds them."""
        found: list[dict[str, Any]] = self._client.get(f"/records/{resource}").raise_for_status().json()
        return found

    def log(self) -> list[dict[str, Any]]:
        """Every request so far, oldest first."""
        found: list[dict[str, Any]] = self._client.get("/log").raise_for_status().json()
        return found

    def writes(self) -> list[dict[str, Any]]:
        """Every request so far that was not a read."""
        return [entry for entry in self.log() if entry["method"] != "GET"]

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Put these faults in force."""
        self._client.post("/faults", json=list(faults)).raise_for_status()

    def reset(self) -> None:
        """Go back to the first state."""
        self._client.post("/reset").raise_for_status()

    def stop(self) -> None:
        """End it."""
        self._client.close()
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def leave_with_the_parent() -> None:
    """End with the process that holds the other end of our standard input."""
    sys.stdin.read()
    os._exit(0)


def main(wanted: str) -> None:
    """Serve until the parent is gone."""
    asked = json.loads(wanted)
    threading.Thread(target=leave_with_the_parent, daemon=True).start()
    serve(
        port=0,
        deals=asked["deals"],
        plan="ultimate",
        seats=SEATS,
        switches=Switches(**asked["switches"]),
        ready=lambda url, token: print(url, token, flush=True),
    )


if __name__ == "__main__":
    main(sys.argv[1])
