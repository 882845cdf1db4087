"""Records as plain JSON and back, each field checked against its declared type.

Numbers that are not finite travel as the texts "nan", "inf" and "-inf"; arrays as nested lists.
Cost O(size).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import MappingProxyType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

_ODD: Final = frozenset({"nan", "inf", "-inf"})


def to_json(value: object) -> Any:  # noqa: ANN401 - what the json module writes
    """Return a record, mapping, sequence, array or plain value as JSON can say it.

    Raises:
        TypeError: the value has no such form.

    Example:
        >>> to_json((1, float("inf"), {2: "a"}))
        [1, 'inf', {'2': 'a'}]
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, np.ndarray | np.generic):
        return to_json(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [to_json(item) for item in value]
    raise TypeError(f"no plain form for {type(value).__name__}")


def from_json(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any declared type
    """Return what `to_json` wrote as the declared type.

    Args:
        kind: a record, or an annotation as records use them.
        value: plain JSON.

    Raises:
        ValueError: the value is not of that type; keys are missing or unknown.

    Example:
        >>> from handful.evidence.records import Estimate
        >>> from_json(Estimate, {"value": 1.0, "se": "nan", "lo": 0.0, "hi": 2.0}).hi
        2.0
    """
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(inside, value)
    if origin is Literal:
        return value if value in inside else _refuse(kind, value)
    if origin is tuple:
        return _several(inside, value)
    if origin is np.ndarray:
        return _array(inside[1], value)
    if origin is not None:
        return _mapping(kind, inside, value)
    if is_dataclass(kind):
        return _record(kind, value)
    return _plain(kind, value)


def _plain(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any declared type
    if kind in (Any, object):
        return value
    if kind is float and (value in _ODD or type(value) in (int, float)):
        return float(value)
    if type(value) is kind or (kind is type(None) and value is None):
        return value
    return _refuse(kind, value)


def _one_of(kinds: Sequence[Any], value: Any) -> Any:  # noqa: ANN401 - any declared type
    if value is None and type(None) in kinds:
        return None
    for kind in kinds:
        try:
            return from_json(kind, value)
        except ValueError:
            continue
    return _refuse(kinds, value)


def _several(kinds: Sequence[Any], value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any type
    if not isinstance(value, list):
        return tuple(_refuse(kinds, value))
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(from_json(kinds[0], item) for item in value)
    return tuple(from_json(kind, item) for kind, item in zip(kinds, value, strict=True))


def _mapping(kind: Any, kinds: Sequence[Any], value: Any) -> Any:  # noqa: ANN401 - any type
    if not isinstance(value, dict) or len(kinds) != 2:
        return _refuse(kind, value)
    name = int if kinds[0] is int else str
    found = {name(key): from_json(kinds[1], item) for key, item in value.items()}
    return found if get_origin(kind) is dict else MappingProxyType(found)


def _array(kind: Any, value: Any) -> np.ndarray:  # noqa: ANN401 - a numpy dtype annotation
    (scalar,) = get_args(kind)
    if not isinstance(value, list):
        return np.asarray(_refuse(kind, value))
    try:
        return np.array(value, dtype=scalar)
    except (TypeError, ValueError, OverflowError):
        return np.asarray(_refuse(kind, value))


def _record(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any record
    names = [field.name for field in fields(kind)]
    if not isinstance(value, dict) or set(value) != set(names):
        return _refuse(kind, value)
    hints = get_type_hints(kind)
    return kind(**{name: from_json(hints[name], value[name]) for name in names})


def _refuse(kind: Any, value: Any) -> Any:  # noqa: ANN401 - never returns
    name = getattr(kind, "__name__", str(kind))
    raise ValueError(f"expected {name}, found {type(value).__name__}")
