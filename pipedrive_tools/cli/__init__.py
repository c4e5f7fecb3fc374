"""The command `pipedrive-tools`: one module per command or group of commands, loaded when it is called."""

from pipedrive_tools.cli.application import main

__all__ = ["main"]
