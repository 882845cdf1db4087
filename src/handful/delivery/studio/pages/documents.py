"""plan.json read as an answer: the one shape that the pages draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from handful.delivery.studio.pages.numbers import Document


def as_answer(document: Document) -> dict[str, Any]:
    """Return plan.json with the fields that an answer has beside: the answer to no question.

    Example:
        >>> made = as_answer({"verdict": {"offers": 2, "menu": ["a", "b"]},
        ...                   "frontier": [], "segments": [],
        ...                   "experiment": {"population": None, "customers": 9, "offers": []}})
        >>> made["offers"], made["menu"], made["population"]
        (2, ['a', 'b'], 9)
    """
    facts = document["experiment"]
    name = _names(document)
    verdict = document["verdict"] | {"menu": [name(one) for one in document["verdict"]["menu"]]}
    return dict(document) | {
        "verdict": verdict,
        "frontier": [
            point | {"menu": [name(one) for one in point["menu"]]} for point in document["frontier"]
        ],
        "segments": [part | {"offer": name(part["offer"])} for part in document["segments"]],
        "offers": verdict["offers"],
        "menu": verdict["menu"],
        "population": facts["population"] or facts["customers"],
        "question": {},
        "setup_cost": None,
        "assumptions": {},
        "note": [],
    }


def _names(document: Document) -> Callable[[Any], str]:
    """Return what names an offer of plan.json; one with dials stands there by its values."""
    offers = document["experiment"]["offers"]
    known_by = {tuple(o["values"].items()): o["name"] for o in offers if o.get("values")}

    def name(entry: Any) -> str:  # noqa: ANN401 - a name, or dials and their values
        if not isinstance(entry, Mapping):
            return str(entry)
        plain = ", ".join(f"{dial} {value}" for dial, value in entry.items())
        return str(known_by.get(tuple(entry.items()), plain))

    return name
