"""Hashes give what other systems give, and offers come out in the shares asked for."""

from __future__ import annotations

import numpy as np
import pytest

from handful.sizing.assigning import (
    HashWords,
    check_ratio,
    deal_offers,
    draw_offers,
    rounded_shares,
)
from handful.sizing.hashing import (
    UNLEASH_VARIANT_SEED,
    fnv1a,
    growthbook_v1,
    growthbook_v2,
    murmur3,
    optimizely,
    position,
    posthog,
    salted,
    unleash_rollout,
    unleash_variant,
)

IDS = [f"C-{i}" for i in range(6_000)]
SHARES = np.array([0.4, 0.3, 0.2, 0.1])
DIALECTS = ("handful", "unleash", "optimizely", "growthbook-v2", "growthbook-v1", "posthog")


def test_vectors_of_other_systems() -> None:
    assert unleash_rollout("grp", "123") == 99
    assert optimizely("ppid1", "1886780721") == 5254
    assert growthbook_v2("seed", "a") == 0.0505
    assert growthbook_v1("", "a") == 0.22
    assert posthog("flag", "user-1", "") == 0.07103100399397708


def test_vectors_of_the_hashes_below() -> None:
    # Published vectors of MurmurHash3 x86 32 and FNV-1a 32.
    assert murmur3("", 0) == 0
    assert murmur3("", 1) == 0x514E28B7
    assert murmur3("test", 0) == 0xBA6BD213
    assert murmur3("The quick brown fox jumps over the lazy dog", 0x9747B28C) == 0x2FA826CD
    assert fnv1a("") == 0x811C9DC5
    assert fnv1a("foobar") == 0xBF9CF968


def test_unleash_variants_use_their_own_seed() -> None:
    assert UNLEASH_VARIANT_SEED == 86028157
    assert unleash_variant("grp", "123") == murmur3("grp:123", 86028157) % 1000 + 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_shares_come_out_and_stay(dialect: str) -> None:
    words = HashWords(dialect, "spring", "pepper")
    given = draw_offers(IDS, SHARES, words)
    assert check_ratio(given, IDS).ok
    assert np.allclose(given.propensity, given.shares[given.offer])
    more = draw_offers([*IDS[::-1], "new"], SHARES, words)
    assert more.offer[:-1].tolist() == given.offer[::-1].tolist()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_positions_fill_the_line(dialect: str) -> None:
    place = position(dialect, "spring", "pepper")
    found = np.array([place(one) for one in IDS])
    assert found.min() >= 0.0
    assert found.max() <= 1.0
    assert abs(found.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(IDS))


def test_another_salt_or_name_deals_anew() -> None:
    first = np.array([salted("a", "x", one) for one in IDS])
    for other in (("b", "x"), ("a", "y")):
        second = np.array([salted(*other, one) for one in IDS])
        assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(IDS))


def test_steps_of_a_dialect_add_up() -> None:
    thirds = rounded_shares(np.full(3, 1 / 3), "optimizely")
    assert thirds.sum() == pytest.approx(1.0)
    assert np.all(np.abs(thirds - 1 / 3) < 1e-4)


def test_strata_come_out_exactly_and_clusters_stay_together() -> None:
    units = [f"h{i // 3}" for i in range(1_200)]
    town = ["Bern" if i < 600 else "Ulm" for i in range(1_200)]
    words = HashWords("handful", "spring", "pepper")
    given = deal_offers(units, town, np.array([0.5, 0.25, 0.25]), words)
    for name in ("Bern", "Ulm"):
        mine = given.offer[np.array(town) == name]
        assert np.bincount(mine).tolist() == [300, 150, 150]
    assert all(len(set(given.offer[3 * k : 3 * k + 3])) == 1 for k in range(400))


def test_odd_customers_of_small_strata_are_spread() -> None:
    strata = [f"s{i // 3}" for i in range(6_000)]
    given = deal_offers(IDS, strata, np.full(4, 0.25), HashWords("handful", "x", "y"))
    share = np.bincount(given.offer, minlength=4) / len(IDS)
    assert np.all(np.abs(share - 0.25) < 0.03)


def test_a_hash_that_gives_other_shares_is_seen() -> None:
    given = draw_offers(["same"] * 5, np.array([0.5, 0.5]), HashWords("handful", "x", "y"))
    assert check_ratio(given, ["same"] * 5).units == 1
    words = HashWords("handful", "x", "y")
    place = position("handful", "x", "y")
    one_sided = [one for one in IDS if place(one) < 0.5][:500]
    assert not check_ratio(draw_offers(one_sided, np.array([0.5, 0.5]), words), one_sided).ok
