"""A PostgreSQL server of one's own: in a temporary folder, on a socket there, never as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def tools() -> Path | None:
    """Return the folder of initdb and pg_ctl, None where the server is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    return found[0].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def server() -> Iterator[str]:
    """Start a server and give the address of its database, without what is asked of it."""
    bin_folder = tools()
    assert bin_folder is not None
    home = Path(tempfile.mkdtemp(prefix="pg"))
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        shutil.chown(home, user)

    def run(*words: str) -> None:
        subprocess.run(
            words,
            check=True,
            user=user,
            cwd=home,
            stdout=subprocess.DEVNULL,
            env={"HOME": str(home)},
        )

    data = str(home / "data")
    run(str(bin_folder / "initdb"), "-D", data, "-U", "handful", "-A", "trust", "-N")
    options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
    log = str(home / "log")
    run(str(bin_folder / "pg_ctl"), "-D", data, "-l", log, "-w", "-o", options, "start")
    try:
        yield f"postgresql://handful@/postgres?host={home}"
    finally:
        run(str(bin_folder / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(home, ignore_errors=True)
