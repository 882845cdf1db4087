"""Releases without end into a store, telling each that was acknowledged: to be killed.

python store_writer.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

from handful.delivery.secret_key import SecretKey
from handful.delivery.studio.records import Release
from handful.delivery.studio.sqlite import open_sqlite
from handful.delivery.studio.store import add_release, open_store, releases

SECRET = SecretKey("test", b"k" * 32)

if __name__ == "__main__":
    store = open_store(open_sqlite(Path(sys.argv[1])), SECRET)
    while True:
        after = len(releases(store)[0])
        wanted = Release(0, f"{after:012x}", "plan", "Jo", "again", "", "release", "c" * 64)
        made = add_release(store, wanted, after, lambda _: None)
        sys.stdout.write(f"{made.id} {made.plan}\n")
        sys.stdout.flush()
