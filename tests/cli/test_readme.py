import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipedrive_tools import settings
from pipedrive_tools.cli import application, readme
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.telemetry import logs

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


PROGRAMS = blocks("python")
RESULTS = {
    "from pipedrive_tools.adapters.langchain import PipedriveToolkit": "subject: Call back",
    "from pipedrive_tools.adapters.llamaindex import PipedriveToolSpec": "True needs approval",
    "from pipedrive_tools import Pipedrive, Toolset": "ok 11 ",
    "from pipedrive_tools import Settings, Toolset": "'/api/v2/deals'",
}
"""What each program must print, by its first line."""


@pytest.mark.sqlite_only("readers of it begin with SQLite")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.splitlines()[0])
def test_every_program_runs(program: str, environment: None, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each block runs as it stands, with the README's own policy, against the sandbox."""
    (tmp_path / "policy.toml").write_text(blocks("toml")[0], encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:pipedrive_tools", "-c", program],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"PIPEDRIVE_AGENT": "assistant"},
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")
    assert RESULTS[program.splitlines()[0]] in ran.stdout


def test_the_promised_examples_are_there() -> None:
    """Ten lines of LangChain, ten lines of LlamaIndex."""
    for name in ("langchain", "llamaindex"):
        (program,) = (each for each in PROGRAMS if f"adapters.{name}" in each)
        assert len(program.splitlines()) <= 10


@pytest.mark.parametrize("policy", blocks("toml"))
def test_every_policy_holds(policy: str) -> None:
    """What the README shows can be loaded."""
    assert Policy.parse(policy).agents


def test_the_table_is_up_to_date() -> None:
    """The table of tools is the one that the catalogue gives."""
    assert readme.updated(TEXT) == TEXT, "run: make readme"
    assert all(f"| `{name}` |" in TEXT for name in catalogue)


def test_a_stale_table_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` says so and writes nothing; without it the table is written anew."""
    path = tmp_path / "README.md"
    stale = TEXT.replace("| `get_deal` | read |", "| `get_deal` | write |")
    path.write_text(stale, encoding="utf-8")

    assert readme.main(["--check", str(path)]) == 1
    assert "make readme" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == stale
    assert readme.main([str(path)]) == 0
    assert path.read_text(encoding="utf-8") == TEXT
    assert readme.main(["--check", str(path)]) == 0


def test_a_readme_without_a_place_for_the_table_is_an_error() -> None:
    """The table is not put somewhere by guess."""
    with pytest.raises(ValueError, match="lacks the lines"):
        readme.updated("nothing here")


def test_every_command_that_is_named_exists() -> None:
    """No `pipedrive-tools` command and no `make` target is promised that is not there."""
    commands = set(re.findall(r"pipedrive-tools ([a-z]+)", TEXT))
    targets = set(
        re.findall(r"`make ([a-z]+)`", TEXT + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    )

    assert commands == set(application.COMMANDS)
    assert targets <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def test_every_variable_that_is_read_is_described() -> None:
    """The table of the environment names what settings and the log read, and nothing else."""
    sources = [Path(each.__file__).read_text(encoding="utf-8") for each in (settings, logs)]
    read = set(re.findall(r"PIPEDRIVE_[A-Z_]+", "".join(sources)))

    assert set(re.findall(r"^\| `(PIPEDRIVE_[A-Z_]+)` \|", TEXT, re.MULTILINE)) == read
