"""Killed, interrupted, out of space, two at once: never a half result under the final name."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

WRITER = """
    import sys, time
    from pathlib import Path
    from handful.delivery.files import publish_file, publish_folder
    from handful.errors import HandfulError

    kind, target, megabytes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    block = b"x" * 1_000_000
    try:
        with (publish_folder(target) if kind == "folder" else publish_file(target)) as staging:
            path = staging / "plan.json" if kind == "folder" else staging
            with path.open("wb") as stream:
                for _ in range(megabytes):
                    stream.write(block)
                    stream.flush()
                print("writing", flush=True)
                if sys.argv[4:] == ["wait"]:
                    sys.stdin.read()
    except HandfulError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
"""


def start(kind: str, target: Path, megabytes: int = 1, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), kind, str(target), str(megabytes), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, err = process.communicate(timeout=30)
    return process.returncode, err


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["folder", "file"])
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_leaves_nothing_under_the_final_name(
    tmp_path: Path, kind: str, stop: signal.Signals
) -> None:
    target = tmp_path / "result"
    process = start(kind, target, 1, "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(stop)
    code, _ = finish(process)
    assert code != 0
    assert not target.exists()
    if stop == signal.SIGINT:
        assert names(tmp_path) == []
    code, err = finish(start(kind, target))
    assert (code, err) == (0, "")
    assert names(tmp_path) == ["result"]


def test_a_killed_run_leaves_the_former_plan(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    target.mkdir()
    (target / "plan.json").write_text("old")
    process = start("folder", target, 1, "wait")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    finish(process)
    assert (target / "plan.json").read_text() == "old"


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_second_run_is_refused_while_the_first_writes(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "result"
    first = start(kind, target, 1, "wait")
    assert first.stdout is not None
    first.stdout.readline()
    code, err = finish(start(kind, target))
    assert code == 4
    assert "F801" in err
    assert str(target) in err
    assert finish(first) == (0, "")
    assert names(tmp_path) == ["result"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_limit_on_file_size_is_said(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "result"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, hard))
    try:
        process = start(kind, target, 4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    code, err = finish(process)
    assert code == 4
    assert "F802" in err
    assert "2.5 MB" in err
    assert names(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True
    )
    if mount.returncode:
        pytest.skip("this system lets us mount no small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_full_disk_is_said_with_what_is_free(small_disk: Path, kind: str) -> None:
    code, err = finish(start(kind, small_disk / "result", 5))
    assert code == 4
    assert "F802" in err
    assert "free" in err
    assert names(small_disk) == []


def test_no_two_of_many_writers_mix(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    writers = [start("folder", target, 1 + n) for n in range(4)]
    codes = sorted(finish(writer)[0] for writer in writers)
    assert codes[0] == 0
    assert set(codes) <= {0, 4}
    assert (target / "plan.json").stat().st_size % 1_000_000 == 0
    assert names(tmp_path) == ["plan"]
