"""The secret that stands between an id and its hash: one file per deployment, mode 0600.

An id outside of assignments is HMAC-SHA256(secret, id), 128 bits kept, beside the `key_id` of the
secret. A plain hash of an e-mail address can be guessed; this one needs the file. Without the file
no hash can be tied to a person any more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from handful.delivery.files import PRIVATE
from handful.errors import DataError, MachineError, blocked

SECRET_NAME: Final = "handful-secret.json"  # noqa: S105 - the name of a file
ELSEWHERE: Final = "HANDFUL_SECRET"
"""Environment variable that names another file."""

_BITS_KEPT: Final = 128


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret and the name that hashes made with it carry."""

    key_id: str
    key: bytes

    def hashed(self, ids: Iterable[object]) -> list[str]:
        """Return the hash of every id, in order.

        Args:
            ids: text or whole numbers.

        Cost: O(ids), about 2 microseconds each.
        """
        kept = _BITS_KEPT // 8
        return [
            hmac.digest(self.key, b"customer\0" + str(name).encode(), "sha256")[:kept].hex()
            for name in ids
        ]

    def sealed(self, text: str) -> str:
        """Return the seal of a text: nobody without the secret can make another that fits."""
        return hmac.digest(self.key, b"seal\0" + text.encode(), "sha256").hex()


def secret_of(folder: Path, *, create: bool = True) -> SecretKey:
    """Return the secret of a deployment: `handful-secret.json` in the folder that holds the plans.

    Args:
        folder: that holds the plan folders.
        create: make one where there is none.

    Raises:
        DataError: G073 there is none, or it is damaged.
        MachineError: G074 others may read it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     made, read = secret_of(Path(home)), secret_of(Path(home))
        >>> made == read, len(made.hashed(["jo"])[0])
        (True, 32)
    """
    place = Path(os.environ.get(ELSEWHERE) or folder / SECRET_NAME)
    if create and not place.exists():
        _make(place)
    try:
        said = json.loads(place.read_text(encoding="utf-8"))
        found = SecretKey(str(said["key_id"]), bytes.fromhex(said["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        message = f"expected the secret of this deployment at {place}; it is missing or damaged."
        remedy = f"Put it back, or name another with the environment variable {ELSEWHERE}."
        raise DataError(blocked("G073", message, remedy)) from None
    if stat.S_IMODE(place.stat().st_mode) & 0o077:
        message = f"{place} may be read by others; a secret must not be."
        raise MachineError(blocked("G074", message, f"Run chmod 600 {place}."))
    return found


def _make(place: Path) -> None:
    key = secrets.token_bytes(32)
    said = {"key_id": hashlib.sha256(key).hexdigest()[:16], "key": key.hex()}
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(said) + "\n")
