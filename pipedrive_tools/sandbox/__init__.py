"""The local Pipedrive: an HTTP server with strict input, limits, faults and demo data."""

from pipedrive_tools.errors import SandboxError
from pipedrive_tools.sandbox.box import Sandbox, serve
from pipedrive_tools.sandbox.switches import Switches

__all__ = ["Sandbox", "SandboxError", "Switches", "serve"]
