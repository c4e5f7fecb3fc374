import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from pipedrive_tools.state.turns import AREA_BYTES, FIRST_AREA, HEAD, Turns


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    """A file to take turns at."""
    made = Turns(tmp_path / "file")
    yield made
    made.close()


def said(path: Path) -> bytes:
    """What the file holds for whoever opens it anew."""
    again = Turns(path)
    try:
        return again.read()
    finally:
        again.close()


def write(turns: Turns, content: bytes) -> None:
    assert turns.begin(waits=True)
    turns.read()
    turns.write(content)
    turns.end()


def test_what_was_written_last_counts(turns: Turns, tmp_path: Path) -> None:
    """A file gives what the last turn left, short or long; a new one gives nothing."""
    assert turns.read() == b""
    for content in (b"one", b"two" * 5000, b"three", b""):
        write(turns, content)

        assert turns.read() == said(tmp_path / "file") == content


@pytest.mark.parametrize("torn", ["area", "head"])
def test_a_write_that_was_cut_off_leaves_the_old_bytes(turns: Turns, tmp_path: Path, torn: str) -> None:
    """Whoever is killed before the last short write has changed nothing, even on the very first turn."""
    path = tmp_path / "file"
    for before, content in ((b"", b"first"), (b"first", b"second")):
        whole = path.read_bytes()
        write(turns, content)
        changed = path.read_bytes()
        cut = bytearray(changed)
        cut[: HEAD.size] = whole[: HEAD.size].ljust(HEAD.size, b"\0")
        if torn == "area":
            cut[cut.index(content)] ^= 0xFF
        path.write_bytes(cut)

        assert said(path) == before
        path.write_bytes(changed)


def test_bytes_that_do_not_fit_their_checksum_count_as_none(turns: Turns, tmp_path: Path) -> None:
    """After a power failure a torn area is empty, and the next turn goes on from there."""
    write(turns, b"something")
    path = tmp_path / "file"
    torn = bytearray(path.read_bytes())
    torn[-3] ^= 0xFF
    path.write_bytes(torn)

    assert said(path) == b""
    write(turns, b"anew")
    assert said(path) == b"anew"


def test_another_kind_of_file_is_left_alone(tmp_path: Path) -> None:
    """What is none of ours is refused, and keeps its bytes."""
    path = tmp_path / "letter"
    path.write_bytes(b"Dear Ada, " * 1000)

    with pytest.raises(OSError, match="another kind"):
        said(path)
    assert path.read_bytes() == b"Dear Ada, " * 1000


def test_more_than_there_is_room_for(turns: Turns) -> None:
    """Too much at once is refused and leaves what stands."""
    write(turns, b"small")
    assert turns.begin(waits=True)
    with pytest.raises(OSError, match="too many"):
        turns.write(b"x" * AREA_BYTES)
    turns.end()

    assert turns.read() == b"small"


def test_one_after_the_other(turns: Turns, tmp_path: Path) -> None:
    """Without waiting a turn cannot be had while somebody has it: a thread, or another opener of the file."""
    other = Turns(tmp_path / "file")
    assert turns.begin(waits=False)
    assert not turns.begin(waits=False)
    assert not other.begin(waits=False)
    turns.end()

    assert other.begin(waits=False)
    other.end()
    other.close()


def test_no_turn_is_lost(turns: Turns, tmp_path: Path) -> None:
    """Threads of two openers that count together count every one; without turns they would not."""

    def count(mine: Turns, times: int) -> None:
        for _ in range(times):
            mine.begin(waits=True)
            mine.write(str(int(mine.read() or b"0") + 1).encode())
            mine.end()

    other = Turns(tmp_path / "file")
    threads = [Thread(target=count, args=(each, 100)) for each in (turns, turns, other, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert turns.read() == b"400"


FORKING = """
import os, sys
from pathlib import Path
from pipedrive_tools.state.turns import Turns
turns = Turns(Path(sys.argv[1]))
turns.begin(waits=True)
child = os.fork()
if child == 0:
    os._exit(int(turns.begin(waits=False)))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_takes_turns_of_its_own(tmp_path: Path) -> None:
    """A child does not hold what its parent holds."""
    told = subprocess.run(
        [sys.executable, "-c", FORKING, tmp_path / "file"], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "0"


def test_a_closed_file_gives_no_turn(turns: Turns) -> None:
    """After closing there are no turns; closing twice does nothing."""
    turns.close()
    turns.close()

    with pytest.raises(OSError, match="closed"):
        turns.begin(waits=True)


def test_the_areas_lie_apart() -> None:
    """The short write that makes an area count does not touch one."""
    assert HEAD.size <= FIRST_AREA
