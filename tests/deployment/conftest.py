"""The image without an engine: what the Dockerfile installs, in a virtual environment that nobody may write to."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = ROOT / "Dockerfile"
COMPOSE: Final = ROOT / "compose.yaml"

Step = tuple[str, str]
"""An instruction of a Dockerfile and its words."""


def stages() -> list[list[Step]]:
    """The Dockerfile, stage by stage."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text(encoding="utf-8"))
    found: list[list[Step]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def compose() -> dict[str, Any]:
    """compose.yaml, its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Image:
    """What a container of the image would hold."""

    programs: Path
    state: Path
    """Stands for the volume `/state`."""
    user: int | None
    """Who runs it; None where we may not become anybody else."""

    def run(self, words: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start a command of the image, with nothing of our own environment."""
        known = {"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": "/nowhere", **self.settings()}
        return subprocess.Popen(
            words,
            executable=str(self.programs / words[0]),
            env={**known, **environment},
            cwd=self.state,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def settings(self) -> dict[str, str]:
        """The variables that the image sets, its places replaced by ours."""
        [words] = [rest for word, rest in stages()[-1] if word == "ENV"]
        found = dict(pair.split("=", 1) for pair in shlex.split(words))
        del found["PATH"]
        return {name: text.replace("/state/", f"{self.state}/") for name, text in found.items()}


def context(folder: Path) -> None:
    """What the build would be sent and would copy; it fails where .dockerignore keeps something back."""
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for word, rest in stages()[0]:
        if word != "COPY":
            continue
        *sources, _target = rest.split()
        for source in sources:
            assert source in sent, f".dockerignore keeps {source} back"
            if (ROOT / source).is_dir():
                left_out = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(ROOT / source, folder / source, ignore=left_out)
            else:
                shutil.copy(ROOT / source, folder / source)


def install(folder: Path, interpreter: str) -> Path:
    """Do what the build's RUN line does, with uv where it is there; gives where the programs are."""
    steps = dict(stages()[0])
    name, extras = steps["ARG"].split("=")
    make, _, line = steps["RUN"].partition(" && ")
    *made, there = shlex.split(make)
    assert made == ["python", "-m", "venv"]
    assert shlex.split(line)[:4] == [f"{there}/bin/python", "-m", "pip", "install"]
    assert ("COPY", f"--from=build {there} {there}") in stages()[-1]
    assert shlex.split(line)[-1] == f".[${name}]"
    home, wanted = folder / "venv", f"{folder / 'source'}[{extras}]"
    python = str(home / "bin" / "python")
    quick = [
        [sys.executable, "-m", "uv", "venv", "--quiet", "--python", interpreter, str(home)],
        [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            python,
            wanted,
        ],
    ]
    if not (importlib.util.find_spec("uv") and all(_works(each) for each in quick)):
        for each in (
            [interpreter, "-m", "venv", "--clear", str(home)],
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted],
        ):
            subprocess.run(each, check=True, timeout=200)
    return home / "bin"


def _works(command: list[str]) -> bool:
    """Whether a step goes through; uv finds nothing where only pip was told where to look."""
    return subprocess.run(command, check=False, timeout=100, stderr=subprocess.DEVNULL).returncode == 0


def somebody_else() -> tuple[str, int | None]:
    """A Python that the image's user may run, and his number; our own, and None, where there is none."""
    [user] = [int(rest.split(":")[0]) for word, rest in stages()[-1] if word == "USER"]
    assert user != 0
    suits = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, "/usr/bin/python3") if os.geteuid() == 0 else ():
        try:
            tried = subprocess.run([python, "-c", suits], user=user, group=user, extra_groups=[], check=False)
        except PermissionError:
            continue
        if tried.returncode == 0:
            return python, user
    return sys.executable, None


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """The image, installed once for each process."""
    with tempfile.TemporaryDirectory(prefix="pipedrive-image-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "source").mkdir()
        context(folder / "source")
        interpreter, user = somebody_else()
        programs = install(folder, interpreter)
        for path in [programs.parent, *programs.parent.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
        state = folder / "state"
        state.mkdir(mode=0o700)
        if user is not None:
            os.chown(state, user, user)
        yield Image(programs, state, user)
        for path in [programs.parent, *programs.parent.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o200)
