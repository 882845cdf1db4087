"""Do not personalise weird things: a deny-list over features, offers, segments and copy.

Names are split into words (`isPregnant`, `hiv2004` and `skin_tone` alike) and looked up in the
lists of `sensitive_words`. A list finds what is named openly; what is hidden in the values is the
business of the disclosure test.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from handful.experiment.records import Features, FeatureSchema
from handful.guardrails.sensitive_words import CLASSES, INNOCENT, SensitiveClass

CHILD_AGE: Final = 16.0
"""Below this age consent is a parent's (GPP lists 13 to 15 and under 13 apart)."""

AGE_NAMES: Final = frozenset({"age", "age years", "customer age", "age in years", "years old"})
BIRTH_NAMES: Final = frozenset({"yob", "year of birth", "birth year", "birthyear"})

_EDGES = (
    re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"),
    re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])"),
)
_PADDING = frozenset(
    [
        "is",
        "has",
        "was",
        "are",
        "the",
        "a",
        "flag",
        "ind",
        "indicator",
        "dummy",
        "pct",
        "share",
        "head",
        "customer",
        "cust",
        "person",
        "user",
    ]
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A sensitive word that was found.

    Attributes:
        kind: what carries it: "feature", "level", "offer", "topic", "segment", "template".
        name: the feature, offer or segment that carries it.
        number, label: the class.
        word: the word of the list, as the list writes it.
    """

    kind: str
    name: str
    number: int
    label: str
    word: str


def words_of(text: str) -> str:
    """Return the words of a name or sentence: lower case, one blank between, no accents.

    Example:
        >>> words_of("isPregnant"), words_of("hiv2004"), words_of("Résumé_text")
        ('is pregnant', 'hiv 2004', 'resume text')
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    for edge in _EDGES:
        plain = edge.sub(" ", plain)
    return " ".join(re.findall(r"[^\W_]+", plain.casefold()))


def find_classes(text: str, extra: Sequence[str] = ()) -> tuple[tuple[SensitiveClass, str], ...]:
    """Return the sensitive classes that a name or a sentence speaks of, with the word found.

    Args:
        text: a name such as `is_pregnant`, or a sentence.
        extra: words of the brief, written as in `sensitive_words`.

    Returns:
        (class, word) for each class that is met, in the order of the list; () when it is innocent.

    Cost: O(classes x length).

    Example:
        >>> [(found.number, word) for found, word in find_classes("PregnancyScore")]
        [(3, 'pregnan*')]
        >>> find_classes("black_friday")
        ()
    """
    words = words_of(text)
    for phrase in INNOCENT:
        words = re.sub(rf"\b{phrase}s?\b", " ", words)
    bare = " ".join(w for w in words.split() if w not in _PADDING and not w.isdigit())
    own = SensitiveClass(0, "the brief's own list", tuple(extra))
    found = []
    for listed in (*CLASSES, own) if extra else CLASSES:
        for word in listed.words:
            if _pattern(word).search(bare if word.startswith("=") else words):
                found.append((listed, word))
                break
    return tuple(found)


@lru_cache(maxsize=2048)
def _pattern(word: str) -> re.Pattern[str]:
    """Compile one word of the list; see `sensitive_words` for how words are written."""
    if word.startswith("="):
        return re.compile(rf"^{re.escape(words_of(word))}s?$")
    parts = [re.escape(words_of(part)) for part in word.rstrip("*").split()]
    ending = r"\w*" if word.endswith("*") else r"s?"
    return re.compile(rf"\b{' ?'.join(parts)}{ending}\b")


def sensitive_features(schema: FeatureSchema, extra: Sequence[str] = ()) -> tuple[Hit, ...]:
    """Find features whose name, or one of whose levels, belongs to a sensitive class.

    Cost: O((p + levels) classes).

    Example:
        >>> schema = FeatureSchema(("hiv2004", "age"), ("number", "number"), ((), ()))
        >>> [hit.label for hit in sensitive_features(schema)]
        ['health, pregnancy included']
    """
    hits: list[Hit] = []
    for name, levels in zip(schema.names, schema.levels, strict=True):
        named = list(_hits("feature", name, name, extra))
        hits += named or list(_level_hits(name, levels, extra))
    return tuple(hits)


def _level_hits(name: str, levels: Iterable[str], extra: Sequence[str]) -> Iterator[Hit]:
    """Find the first level of each class: a feature may carry many of the same kind."""
    seen: set[int] = set()
    for level in levels:
        for hit in _hits("level", name, level, extra):
            if hit.number not in seen:
                seen.add(hit.number)
                yield hit


def _hits(kind: str, name: str, text: str, extra: Sequence[str]) -> Iterator[Hit]:
    for found, word in find_classes(text, extra):
        yield Hit(kind, name, found.number, found.name, word)


def sensitive_texts(
    kind: str, texts: Mapping[str, str], extra: Sequence[str] = ()
) -> tuple[Hit, ...]:
    """Find sensitive words in named texts: offers, their topics, the rules of segments.

    Args:
        kind: what the texts are, for the message.
        texts: name -> text.
        extra: words of the brief.

    Example:
        >>> sensitive_texts("offer", {"Prenatal vitamins": "Prenatal vitamins"})[0].word
        'prenatal'
    """
    return tuple(hit for name, text in texts.items() for hit in _hits(kind, name, text, extra))


def children_in(features: Features, year: int | None) -> tuple[tuple[str, int], ...]:
    """Count customers below `CHILD_AGE` in features that hold an age or a year of birth.

    Args:
        features: (n, p) features of the log.
        year: of the log's last row, for years of birth; None leaves these out.

    Returns:
        (feature, customers below that age) for every feature that holds ages.

    Cost: O(n) per such feature.

    Example:
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> children_in(Features(schema, np.array([[15.0], [40.0]])), 2026)
        (('age', 1),)
    """
    found = []
    for column, (name, kind) in enumerate(
        zip(features.schema.names, features.schema.kinds, strict=True)
    ):
        words, values = words_of(name), features.values[:, column]
        if kind != "number":
            continue
        if words in AGE_NAMES:
            young = int(np.sum((values >= 0) & (values < CHILD_AGE)))
        elif words in BIRTH_NAMES and year is not None:
            young = int(np.sum((values > year - CHILD_AGE) & (values <= year)))
        else:
            continue
        found.append((name, young))
    return tuple(found)
