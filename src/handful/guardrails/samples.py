"""Samples for the review queue: each template as a typical member of a segment would read it.

The member is made up: of every feature that a template may speak of, the middle (then the lower and
the upper quartile) of the segment's numbers, or its most frequent label. It is nobody. Fields that
the log does not hold stay visible as their names in brackets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jinja2 import TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from handful.experiment.records import Features
from handful.guardrails.records import Facts
from handful.guardrails.templates import Template, read_templates
from handful.notation import BoolArray

PLACES: Final = (0.5, 0.25, 0.75)
"""Where in its segment each made-up member stands, feature by feature."""
_LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class RenderedSample:
    """One template read by one made-up member.

    Attributes:
        offer: what it is about.
        segment: its number in plan.json, from 1.
        channel: of the offer; None where the brief does not say.
        template: name of the file.
        text: as it would be read.
    """

    offer: str
    segment: int
    channel: str | None
    template: str
    text: str


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """What a reviewer is to read; `asked` where the brief makes a release wait for it."""

    asked: bool
    samples: tuple[RenderedSample, ...]


def review_sheet(facts: Facts) -> ReviewSheet | None:
    """Return what is to be reviewed; None where the brief names neither reviews nor templates.

    Args:
        facts: the plan, its log and its brief.

    Cost: O(rows x features) for each segment with a template.
    """
    if facts.brief is None or not (facts.asked.reviews or facts.asked.templates):
        return None
    templates = read_templates(facts.brief)
    samples = dict.fromkeys(_samples(facts, templates)) if templates else ()
    return ReviewSheet(bool(facts.asked.reviews), tuple(samples))


def typical(features: Features, rows: BoolArray, place: float) -> dict[str, str]:
    """Return a made-up member of some rows: a quantile of every number, the most frequent label.

    Args:
        features: (n, p).
        rows: (n,) who is in.
        place: quantile, 0 to 1.

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age", "town"), ("number", "category"), ((), ("A", "B")))
        >>> people = Features(schema, np.array([[20.0, 0.0], [30.0, 1.0], [50.0, 1.0]]))
        >>> typical(people, np.ones(3, bool), 0.5)
        {'age': '30', 'town': 'B'}
    """
    found: dict[str, str] = {}
    schema = features.schema
    for j, (name, kind, levels) in enumerate(
        zip(schema.names, schema.kinds, schema.levels, strict=True)
    ):
        column = features.values[rows, j]
        known = column[np.isfinite(column)]
        if not known.size:
            continue
        if kind == "category":
            found[name] = levels[int(np.bincount(known.astype(np.int64)).argmax())]
        else:
            found[name] = f"{np.quantile(known, place, method='nearest'):.3g}"
    return found


def rendered(text: str, fields: Mapping[str, str]) -> str:
    """Return a template filled in; what is not known shows as its name in brackets.

    Args:
        text: the template, run in Jinja's sandbox; what it says is shown as text, never as HTML.
        fields: what it may speak of, bare or behind a dot: {{ age }} and {{ customer.age }}.

    Example:
        >>> rendered("Hi {{ first_name }}, at {{ customer.age }}: {{ x.y }}.", {"age": "30"})
        'Hi [first_name], at 30: [y].'
    """
    try:
        template = _SANDBOX.from_string(text)
        free = meta.find_undeclared_variables(_SANDBOX.parse(text))
        made = template.render({name: _spoken(name, fields) for name in free})
    except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        made = f"[this template cannot be read: {type(error).__name__}]\n{text}"
    return made[:_LONGEST]


class _Field:
    """A name that the log does not hold: it says itself, and knows the fields behind a dot."""

    def __init__(self, name: str, fields: Mapping[str, str]) -> None:
        self._name = name
        self._fields = fields

    def __getitem__(self, name: object) -> object:
        return _spoken(str(name), self._fields)

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __str__(self) -> str:
        return f"[{self._name}]"


def _spoken(name: str, fields: Mapping[str, str]) -> object:
    # Marked as safe: a sample is shown as text, where an escaped sign would be read as written.
    return Markup(fields[name]) if name in fields else _Field(name, fields)  # noqa: S704


def _samples(facts: Facts, templates: Sequence[Template]) -> Iterator[RenderedSample]:
    offers = facts.policy.model.offers
    for number, segment in enumerate(facts.segments, start=1):
        rows = facts.assignment.offer == offers.index(segment.offer)
        for template in templates:
            if template.offer not in {None, segment.offer}:
                continue
            # The middle of a few people says too much of them.
            few = int(rows.sum()) < facts.asked.minimum_reported
            for place in PLACES:
                member = {} if few else typical(facts.experiment.features, rows, place)
                named = {"offer": segment.offer, "offer_name": segment.offer}
                text = rendered(template.text, member | named)
                yield RenderedSample(segment.offer, number, template.channel, template.name, text)


_SANDBOX: Final = SandboxedEnvironment(autoescape=True)
