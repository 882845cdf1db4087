"""What may be posted: typed bodies, read strictly. Unknown fields and doubled keys are refused."""

from __future__ import annotations

import json
import unicodedata
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from handful.delivery.studio.refusing import BAD_BODY, RefusalError, refusal

NAME_LONGEST = 200
TEXT_LONGEST = 20_000
_WHOLE_LARGEST = 2**63 - 1
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/plans/{id}/whatif: None and {} mean as planned."""

    offers: int | None = None
    setup_cost: float | None = None
    population: float | None = None
    assumptions: dict[str, float] = {}
    budget: float | None = None
    capacities: dict[str, float] = {}


class Edited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/plans/{id}/content: a label, or the text of one channel."""

    offer: str
    label: str | None = None
    channel: str | None = None
    text: str | None = None
    by: str = ""


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/plans/{id}/reviews."""

    sample: str
    reviewer: str
    answer: Literal["fine", "not fine"]
    note: str = ""


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/plans/{id}/release; `after` is the number of the latest release that was seen."""

    by: str
    reason: str
    after: int | None = None


class Returned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/rollback: `to` is the number of a release."""

    to: int
    by: str
    reason: str
    after: int | None = None


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/decide; without a customer the call is anonymous.

    `messages` is how many the customer had within the days of the plan's cap.
    """

    features: dict[str, float | str | bool | None]
    customer: str | int | None = None
    messages: Annotated[int, msgspec.Meta(ge=0)] | None = None


Body = TypeVar("Body", bound=msgspec.Struct)


def read_body(content: bytes, kind: type[Body]) -> Body:
    """Read a JSON body of one kind.

    Args:
        content: of the request.
        kind: what it must be.

    Raises:
        RefusalError: 400 F880 not JSON of that kind, a key twice, or a text that is no plain text.

    Cost: O(bytes).

    Example:
        >>> read_body(b'{"by": "Jo", "reason": "autumn"}', Signed).by
        'Jo'
    """
    try:
        body = msgspec.json.decode(content, type=kind, strict=True)
        json.loads(content, object_pairs_hook=_once)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _unreadable(error) from None
    for value in _leaves(msgspec.to_builtins(body)):
        _check(value)
    return body


def plain_name(value: str, field: str, longest: int = NAME_LONGEST) -> str:
    """Return a name of a person or thing, without blanks around it.

    Raises:
        RefusalError: 400 F880 it is empty, too long, or looks like another.
    """
    name = value.strip()
    if any(unicodedata.category(sign) in _BREAKS for sign in name):
        raise _hiding(field, "line breaks or tabs")
    return plain_words(name, field, longest)


def plain_words(value: str, field: str, longest: int) -> str:
    """Return what a person says in words, without blanks around it; line breaks may be in it.

    Raises:
        RefusalError: 400 F880 it is empty, too long, or shows other than it is.
    """
    name = value.strip()
    if any(unicodedata.bidirectional(sign) in _TURNING for sign in name):
        raise _hiding(field, "signs that turn the direction of writing")
    seen = any(unicodedata.category(sign)[0] not in "CZ" for sign in name)
    if not seen or len(name) > longest:
        found = "nothing" if not seen else f"{len(name):,} characters"
        message = f"expected {field} of 1 to {longest:,} characters, found {found}."
        raise refusal(BAD_BODY, "F880", message, "Write it shorter, or at all.")
    return name


def _hiding(field: str, what: str) -> RefusalError:
    message = f"expected {field} that shows as what it is, found {what}."
    return refusal(BAD_BODY, "F880", message, "Write it in plain letters on one line.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for pair in value.items() for part in pair for leaf in _leaves(part)]
    return [value]


def _check(value: object) -> None:
    """Refuse texts that hide something and numbers that no machine word holds."""
    if isinstance(value, int) and abs(value) > _WHOLE_LARGEST:
        raise _unreadable(ValueError("a whole number is too large"))
    if not isinstance(value, str):
        return
    if len(value) > TEXT_LONGEST:
        raise _unreadable(ValueError(f"a text is longer than {TEXT_LONGEST:,} characters"))
    if any(unicodedata.category(sign) == "Cc" and sign not in "\n\t" for sign in value):
        raise _unreadable(ValueError("a text holds control characters"))


def _unreadable(error: Exception) -> RefusalError:
    # The parser's own words name the field and the type, never the value.
    said = str(error) if isinstance(error, msgspec.ValidationError) else _in_words(error)
    message = f"the body cannot be read: {said}."
    return refusal(BAD_BODY, "F880", message, "See docs/studio.md for its fields.")


def _in_words(error: Exception) -> str:
    if isinstance(error, msgspec.MsgspecError | RecursionError | json.JSONDecodeError):
        return "it is not JSON"
    return str(error)
