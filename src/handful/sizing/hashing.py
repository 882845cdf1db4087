"""Where a customer falls between 0 and 1: salted hashes, stable for ever, in several dialects.

The same id and the same words always give the same offer, on any machine, without a table. The
default is ours; the others give what other systems give, so that an experiment can be run there
and read here. Integer hashes: MurmurHash3 x86 32 (Appleby), FNV-1a 32 (Fowler, Noll, Vo).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Dialect: TypeAlias = Literal[
    "handful", "unleash", "optimizely", "growthbook-v2", "growthbook-v1", "posthog"
]

_MASK: Final = 0xFFFFFFFF
UNLEASH_VARIANT_SEED: Final = 86_028_157
UNLEASH_WEIGHTS: Final = 1_000
OPTIMIZELY_BUCKETS: Final = 10_000


def murmur3(text: str, seed: int) -> int:
    """Return the unsigned MurmurHash3 x86 32-bit hash of the UTF-8 bytes of a text.

    Example:
        >>> murmur3("", 1), murmur3("hello", 0)
        (1364076727, 613153351)
    """
    data = text.encode("utf-8")
    whole = len(data) - len(data) % 4
    value = seed & _MASK
    for at in range(0, whole, 4):
        value ^= _mixed(int.from_bytes(data[at : at + 4], "little"))
        value = (value << 13 | value >> 19) & _MASK
        value = (value * 5 + 0xE6546B64) & _MASK
    value ^= _mixed(int.from_bytes(data[whole:], "little"))
    value ^= len(data)
    value = ((value ^ value >> 16) * 0x85EBCA6B) & _MASK
    value = ((value ^ value >> 13) * 0xC2B2AE35) & _MASK
    return value ^ value >> 16


def _mixed(block: int) -> int:
    block = (block * 0xCC9E2D51) & _MASK
    block = (block << 15 | block >> 17) & _MASK
    return (block * 0x1B873593) & _MASK


def fnv1a(text: str) -> int:
    """Return the 32-bit FNV-1a hash of the UTF-8 bytes of a text.

    Example:
        >>> hex(fnv1a("a"))
        '0xe40c292c'
    """
    value = 0x811C9DC5
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x01000193) & _MASK
    return value


def unleash_rollout(group: str, customer: str) -> int:
    """Return the number from 1 to 100 that a roll-out percentage is compared with.

    Example:
        >>> unleash_rollout("grp", "123")
        99
    """
    return murmur3(f"{group}:{customer}", 0) % 100 + 1


def unleash_variant(group: str, customer: str, weights: int = UNLEASH_WEIGHTS) -> int:
    """Return the number from 1 to the total weight that variants are cut by.

    Example:
        >>> 1 <= unleash_variant("grp", "123") <= 1000
        True
    """
    return murmur3(f"{group}:{customer}", UNLEASH_VARIANT_SEED) % weights + 1


def optimizely(customer: str, parent: str) -> int:
    """Return the bucket from 0 to 9999.

    Example:
        >>> optimizely("ppid1", "1886780721")
        5254
    """
    return int(murmur3(f"{customer}{parent}", 1) / 2**32 * OPTIMIZELY_BUCKETS)


def growthbook_v2(seed: str, customer: str) -> float:
    """Return the position of the second version, in ten-thousandths.

    Example:
        >>> growthbook_v2("seed", "a")
        0.0505
    """
    return fnv1a(str(fnv1a(seed + customer))) % 10_000 / 10_000


def growthbook_v1(seed: str, customer: str) -> float:
    """Return the position of the first version, in thousandths.

    Example:
        >>> growthbook_v1("", "a")
        0.22
    """
    return fnv1a(customer + seed) % 1_000 / 1_000


def posthog(key: str, customer: str, salt: str = "") -> float:
    """Return the position from 0 to 1.

    Example:
        >>> posthog("flag", "user-1")
        0.07103100399397708
    """
    digest = hashlib.sha1(f"{key}.{customer}{salt}".encode(), usedforsecurity=False)
    return float(int(digest.hexdigest()[:15], 16)) / float(0xFFFFFFFFFFFFFFF)


def salted(salt: str, name: str, customer: str) -> float:
    """Return handful's own position: 53 bits of SHA-256 of "salt:name:customer".

    Example:
        >>> round(salted("pepper", "spring", "C-1"), 6)
        0.272938
    """
    digest = hashlib.sha256(f"{salt}:{name}:{customer}".encode()).digest()
    return float((int.from_bytes(digest[:8], "big") >> 11) / 2**53)


STEPS: Final[Mapping[str, int | None]] = MappingProxyType(
    {
        "handful": None,
        "unleash": UNLEASH_WEIGHTS,
        "optimizely": OPTIMIZELY_BUCKETS,
        "growthbook-v2": 10_000,
        "growthbook-v1": 1_000,
        "posthog": None,
    }
)
"""Steps that a dialect cuts the line in: shares are whole numbers of steps. None: any share."""


def position(dialect: Dialect, name: str, salt: str) -> Callable[[str], float]:
    """Return the function from a customer's id to a position in [0, 1).

    Args:
        dialect: whose hash.
        name: of the experiment: group, parent id, seed or key in the words of other systems.
        salt: read by our own hash alone; the others have none, or a fixed one.

    Returns:
        id -> position. An offer whose range holds it is given.

    Example:
        >>> position("growthbook-v2", "seed", "")("a")
        0.0505
    """
    ways: Mapping[str, Callable[[str], float]] = {
        "handful": lambda customer: salted(salt, name, customer),
        "unleash": lambda customer: (unleash_variant(name, customer) - 1) / UNLEASH_WEIGHTS,
        "optimizely": lambda customer: optimizely(customer, name) / OPTIMIZELY_BUCKETS,
        "growthbook-v2": lambda customer: growthbook_v2(name, customer),
        "growthbook-v1": lambda customer: growthbook_v1(name, customer),
        "posthog": lambda customer: posthog(name, customer, "variant"),
    }
    return ways[dialect]
