"""A sandbox in a process of its own, so that client and server do not share an interpreter."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CODE = """
import sys
from pipedrive_tools.sandbox import Sandbox, Switches
box = Sandbox.start(deals=int(sys.argv[1]), plan="ultimate", seats=10_000, switches=Switches(burst_limits=False))
print(box.url, box.token, flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Server:
    """Where the sandbox is."""

    url: str
    token: str
    process_id: int

    @property
    def resident_bytes(self) -> int:
        """Memory that the process holds."""
        status = Path(f"/proc/{self.process_id}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@contextmanager
def server(deals: int = 400) -> Iterator[Server]:
    """A sandbox with this many open deals, without the burst limit and with a budget for millions."""
    command = [sys.executable, "-c", CODE, str(deals)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url, token = process.stdout.readline().split()
        yield Server(url, token, process.pid)
        process.stdin.close()
