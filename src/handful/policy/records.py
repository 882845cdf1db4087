"""The frozen records of the policy room: the policy and what it decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from handful.effects.records import EffectsModel
from handful.notation import BoolArray, FloatArray, IntArray

REASON_BEST: Final = 0
REASON_FALLBACK: Final = 1
REASON_UNKNOWN_STRATUM: Final = 2
REASON_RULE: Final = 3
REASON_NO_PERSONALISE: Final = 4
REASON_NO_CONTACT: Final = 5
REASON_NO_CHANNEL: Final = 6
REASON_NO_TIER: Final = 7
REASON_DRAWN: Final = 8
REASON_GAVE_WAY: Final = 9
REASON_CONTACT_CAP: Final = 10
REASON_HELD_OUT: Final = 11

REASONS: Final = MappingProxyType(
    {
        REASON_BEST: "best_in_menu",
        REASON_FALLBACK: "menu_not_open_here",
        REASON_UNKNOWN_STRATUM: "unknown_stratum",
        REASON_RULE: "by_rule",
        REASON_NO_PERSONALISE: "no_consent_personalise",
        REASON_NO_CONTACT: "no_consent_contact",
        REASON_NO_CHANNEL: "no_consent_channel",
        REASON_NO_TIER: "not_in_tier",
        REASON_DRAWN: "randomised_for_privacy",
        REASON_GAVE_WAY: "default_is_better",
        REASON_CONTACT_CAP: "contact_cap",
        REASON_HELD_OUT: "held_out",
    }
)
"""Reason codes of a decision and the words written in assignments.parquet."""


@dataclass(frozen=True, slots=True)
class Split:
    """A question with two answers about one feature.

    Attributes:
        feature: column of `Features.values`.
        test: "over" (x > value), "is" (x is the level with code `value`) or "missing".
        value: threshold or level code; 0 for "missing".
        missing_yes: whether a missing value answers yes.
        missing_seen: whether the feature was ever missing where the split was learned.
        only: the two values of a number that takes just two, for wording.
    """

    feature: int
    test: Literal["over", "is", "missing"]
    value: float
    missing_yes: bool
    missing_seen: bool
    only: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class RuleTree:
    """A policy that can be said: a few questions, an offer for each way of answering.

    Attributes:
        questions: (2^d - 1,) the first question, then those after yes and after no, and so on:
            after question k comes 2 k + 1 if it is answered yes and 2 k + 2 if no. None is not
            asked and counts as answered yes.
        leaves: (2^d,) offer codes in the order yes...yes to no...no; a question not asked has the
            same offers for both answers.
        value: sum of the scores that the tree collects where it was learned.
    """

    questions: tuple[Split | None, ...]
    leaves: tuple[int, ...]
    value: float

    @property
    def root(self) -> Split | None:
        """The first question; None when everyone gets the same offer."""
        return self.questions[0]

    @property
    def depth(self) -> int:
        """Number of questions on the way to a leaf, at most."""
        return len(self.leaves).bit_length() - 1


@dataclass(frozen=True, slots=True)
class Chance:
    """Offers drawn whatever the customer is like, so that an offer tells less about its receiver.

    Attributes:
        offers: codes that may be drawn, open in every stratum.
        probability: of each; together below 1 unless nothing of the policy's own is to stay.
        salt: of the hash that draws; secret, since who knows it can tell who was drawn.
    """

    offers: tuple[int, ...]
    probability: tuple[float, ...]
    salt: str

    @property
    def keep(self) -> float:
        """Probability that the policy's own offer stays."""
        return max(1.0 - math.fsum(self.probability), 0.0)


@dataclass(frozen=True, slots=True)
class GiveWay:
    """Offers that still compete for customers but are not given: those get the default instead.

    Attributes:
        ranked: codes of the offers that compete, ascending.
        default: code of the menu's offer given to whom an offer outside the menu would win.
    """

    ranked: tuple[int, ...]
    default: int


@dataclass(frozen=True, slots=True)
class OfferPoints:
    """The numbers behind the names of offers with dials.

    Attributes:
        dials: (d,) names.
        values: (G,) of each offer its (d,) values, a level by its name; None for "no offer".
    """

    dials: tuple[str, ...]
    values: tuple[tuple[float | str, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who gets which offer of the menu: argmax over the open offers of the menu, ties to the first.

    Attributes:
        model: predicted profit of all G offers.
        menu: column numbers of the offers in use, ascending.
        strata_columns: columns that name a customer's stratum; () when support is the same for all.
        strata: (S,) labels: the strata columns' values joined by " | ".
        support: (S, G) True where an offer may be given.
        fallback: (S + 1,) offer given when no offer of the menu is open; the last entry is for a
            stratum never seen.
        currency: of the expected profits.
        rule: who gets which in a few questions about the model's features; None where the model's
            predictions decide.
        chance: offers drawn over the policy's own; None where nothing is left to chance.
        points: the numbers behind the offers' names; None where offers are names alone.
        ranking: what decides in place of the profits: profits less what each offer uses of the
            limits, at their prices; None where nothing is limited.
        give_way: offers that compete but give way to the default; None where the menu competes.
    """

    model: EffectsModel
    menu: tuple[int, ...]
    strata_columns: tuple[str, ...]
    strata: tuple[str, ...]
    support: BoolArray
    fallback: IntArray
    currency: str
    rule: RuleTree | None = None
    chance: Chance | None = None
    points: OfferPoints | None = None
    ranking: EffectsModel | None = None
    give_way: GiveWay | None = None

    @property
    def competing(self) -> tuple[int, ...]:
        """Codes of the offers that are ranked: the menu, unless some give way."""
        return self.menu if self.give_way is None else self.give_way.ranked

    @property
    def deciding(self) -> EffectsModel:
        """What offers are ranked by: profit, less prices where something is limited."""
        return self.model if self.ranking is None else self.ranking


@dataclass(frozen=True, slots=True)
class Assignment:
    """Decisions for n customers.

    Attributes:
        offer: (n,) offer codes.
        reason: (n,) codes of REASONS.
        expected_profit: (n,) money per customer the model itself expects (claimed, not held out).
        propensity: (n,) probability with which each was given this offer; None where nothing was
            left to chance.
    """

    offer: IntArray
    reason: IntArray
    expected_profit: FloatArray
    propensity: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision for one customer: offer name, reason in REASONS' words, expected profit.

    `expected_profit` is money per customer that the model itself expects (claimed, not held out).
    `values` holds the dials of the offer by name; None for "no offer" and offers without dials.
    """

    offer: str
    reason: str
    expected_profit: float
    values: Mapping[str, float | str] | None = None
