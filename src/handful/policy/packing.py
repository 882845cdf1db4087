"""A policy's arrays as one plain file: little-endian, one after the other, each on a 64 byte line.

The file has no header of its own: names and shapes stand in the manifest, types in `LAYOUT`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handful.effects.records import EffectsModel, Forest, Term
from handful.errors import DataError, blocked
from handful.policy.manifest import Manifest
from handful.policy.records import Policy

LINE_BYTES: Final = 64
MAX_LENGTH: Final = 2**31
LAYOUT: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        "support": ("|u1", 2),
        "fallback": ("<i8", 1),
        "constant": ("<f8", 1),
        "term_feature": ("<i8", 1),
        "term_range": ("<f8", 2),
        "term_slope": ("<f8", 2),
        "term_edge_count": ("<i8", 1),
        "term_edges": ("<f8", 1),
        "term_row_count": ("<i8", 1),
        "term_table": ("<f8", 2),
        "forest_roots": ("<i8", 1),
        "forest_feature": ("<i8", 1),
        "forest_threshold": ("<f4", 1),
        "forest_left": ("<i8", 1),
        "forest_right": ("<i8", 1),
        "forest_missing_left": ("|u1", 1),
        "forest_leaves": ("<f8", 2),
        "test_values": ("<f8", 2),
        "test_stratum": ("<i8", 1),
        "test_offer": ("<i8", 1),
        "test_reason": ("<i8", 1),
        "test_expected_profit": ("<f8", 1),
        "test_profit": ("<f8", 2),
    }
)
"""Type and number of dimensions of every array, in the order of the file."""

_MODEL: Final = tuple(name for name in LAYOUT if name.startswith(("constant", "term_", "forest_")))

RANKING: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {f"ranking_{name}": LAYOUT[name] for name in _MODEL}
)
"""The same for the model that decides under limits; they follow where a policy has one."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Packed:
    """The array file and the shapes that the manifest keeps for it."""

    content: bytes
    shapes: tuple[tuple[str, tuple[int, ...]], ...]


def pack(arrays: Arrays) -> Packed:
    """Lay the arrays of `LAYOUT` out as one file.

    Args:
        arrays: every array of `LAYOUT`, by name.

    Cost O(bytes).

    Example:
        >>> nothing = {name: np.zeros((0,) * layout[1]) for name, layout in LAYOUT.items()}
        >>> pack(nothing).content
        b''
    """
    content = bytearray()
    shapes = []
    layout = {**LAYOUT, **(RANKING if set(RANKING) <= set(arrays) else {})}
    for name, (dtype, _) in layout.items():
        array = np.ascontiguousarray(arrays[name], dtype=np.dtype(dtype))
        content += bytes(-len(content) % LINE_BYTES) if array.size else b""
        content += array.tobytes()
        shapes.append((name, tuple(int(size) for size in np.shape(arrays[name]))))
    return Packed(bytes(content), tuple(shapes))


def unpack(content: bytes, shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> Arrays:
    """Return the arrays of a file, read-only views of its bytes.

    Args:
        content: the array file.
        shapes: name and shape of every array, from the manifest.

    Raises:
        DataError: P704 names, dimensions or sizes are not those of the format.

    Cost O(number of arrays): nothing is copied.

    Example:
        >>> nothing = {name: np.zeros((0,) * layout[1]) for name, layout in LAYOUT.items()}
        >>> unpack(b"", pack(nothing).shapes)["support"].shape
        (0, 0)
    """
    layout = {**LAYOUT, **(RANKING if len(shapes) > len(LAYOUT) else {})}
    if [name for name, _ in shapes] != list(layout):
        raise _wrong_layout("the arrays are not those of the format")
    arrays: dict[str, NDArray[Any]] = {}
    start = 0
    for name, shape in shapes:
        dtype, dimensions = layout[name]
        if len(shape) != dimensions or max(shape) > MAX_LENGTH:
            raise _wrong_layout(f"'{name}' should have {dimensions} dimensions of a sane length")
        count = math.prod(shape)
        start += -start % LINE_BYTES if count else 0
        stop = start + count * np.dtype(dtype).itemsize
        if stop > len(content):
            raise _wrong_layout(f"'{name}' ends after the end of the file")
        flat = np.frombuffer(memoryview(content)[start:stop], dtype=np.dtype(dtype))
        arrays[name] = flat.astype(np.dtype(dtype).newbyteorder("="), copy=False).reshape(shape)
        start = stop
    if start != len(content):
        raise _wrong_layout(f"expected {start} bytes, found {len(content)}")
    return MappingProxyType(arrays)


def _wrong_layout(reason: str) -> DataError:
    message = f"arrays.bin: {reason}."
    return DataError(blocked("P704", message, "Copy the policy folder again, or plan again."))


def policy_arrays(policy: Policy) -> dict[str, NDArray[Any]]:
    """Return a policy's arrays under the names of `LAYOUT`, the self-test's excepted.

    Example:
        >>> sorted(set(LAYOUT) - {"constant"})[0]
        'fallback'
    """
    arrays = {"support": policy.support, "fallback": policy.fallback, **_model_arrays(policy.model)}
    if policy.ranking is None:
        return arrays
    ranking = _model_arrays(policy.ranking)
    return {**arrays, **{f"ranking_{name}": array for name, array in ranking.items()}}


def _model_arrays(model: EffectsModel) -> dict[str, NDArray[Any]]:
    none = np.zeros(0, dtype=np.int64)
    no_rows = np.zeros((0, len(model.offers)))
    terms = model.terms
    forest = model.forest or Forest(
        none, none, none.astype(np.float32), none, none, none.astype(np.bool_), no_rows
    )
    return {
        "constant": model.constant,
        "term_feature": np.array([term.feature for term in terms], dtype=np.int64),
        "term_range": np.array([(t.low, t.high, t.centre) for t in terms]).reshape(-1, 3),
        "term_slope": np.concatenate([no_rows, *(term.slope[np.newaxis] for term in terms)]),
        "term_edge_count": np.array([term.edges.size for term in terms], dtype=np.int64),
        "term_edges": np.concatenate([no_rows[:, 0], *(term.edges for term in terms)]),
        "term_row_count": np.array([term.table.shape[0] for term in terms], dtype=np.int64),
        "term_table": np.concatenate([no_rows, *(term.table for term in terms)]),
        "forest_roots": forest.roots,
        "forest_feature": forest.feature,
        "forest_threshold": forest.threshold,
        "forest_left": forest.left,
        "forest_right": forest.right,
        "forest_missing_left": forest.missing_left,
        "forest_leaves": forest.leaves,
    }


def policy_from(manifest: Manifest, arrays: Arrays) -> Policy:
    """Build the policy that a manifest and its arrays describe; nothing is checked but the cuts.

    Raises:
        DataError: P704 the terms' counts do not add up to their arrays.
    """
    ranking = {name: arrays[f"ranking_{name}"] for name in _MODEL if f"ranking_{name}" in arrays}
    return Policy(
        model=_model_from(manifest, arrays),
        menu=manifest.menu,
        strata_columns=manifest.strata_columns,
        strata=manifest.strata,
        support=arrays["support"].astype(np.bool_),
        fallback=arrays["fallback"],
        currency=manifest.currency,
        rule=manifest.rule,
        chance=manifest.chance,
        points=manifest.points,
        ranking=_model_from(manifest, ranking) if ranking else None,
        give_way=manifest.give_way,
    )


def _model_from(manifest: Manifest, arrays: Arrays) -> EffectsModel:
    return EffectsModel(
        schema=manifest.schema,
        offers=manifest.offers,
        constant=arrays["constant"],
        terms=_terms(arrays),
        forest=_forest(arrays) if arrays["forest_roots"].size else None,
    )


def _terms(arrays: Arrays) -> tuple[Term, ...]:
    terms = arrays["term_feature"].size
    edges = _cut(arrays["term_edges"], arrays["term_edge_count"], terms)
    tables = _cut(arrays["term_table"], arrays["term_row_count"], terms)
    ranges, slopes = arrays["term_range"], arrays["term_slope"]
    if ranges.shape != (terms, 3) or slopes.shape[0] != terms:
        raise _wrong_layout("the terms' arrays differ in length")
    return tuple(
        Term(
            feature=int(arrays["term_feature"][term]),
            edges=edges[term],
            table=tables[term],
            slope=slopes[term],
            low=float(ranges[term, 0]),
            high=float(ranges[term, 1]),
            centre=float(ranges[term, 2]),
        )
        for term in range(terms)
    )


def _cut(rows: NDArray[Any], counts: NDArray[Any], terms: int) -> list[NDArray[Any]]:
    """Cut stacked rows into the terms' own; the counts must be sane before they are added up."""
    sane = counts.size == terms and bool(((counts >= 0) & (counts <= rows.shape[0])).all())
    if not sane or sum(counts.tolist()) != rows.shape[0]:
        raise _wrong_layout("the terms' counts do not add up")
    stops = np.cumsum(counts)
    return [rows[stop - count : stop] for stop, count in zip(stops, counts, strict=True)]


def _forest(arrays: Arrays) -> Forest:
    return Forest(
        roots=arrays["forest_roots"],
        feature=arrays["forest_feature"],
        threshold=arrays["forest_threshold"],
        left=arrays["forest_left"],
        right=arrays["forest_right"],
        missing_left=arrays["forest_missing_left"].astype(np.bool_),
        leaves=arrays["forest_leaves"],
    )
