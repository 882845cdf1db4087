"""Where the customers are: an array, a mapped file, a stream of blocks, a low-rank pair.

A source gives parts of consecutive rows, as often as asked for, and never the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from handful.errors import DataError, blocked
from handful.menu.blocks import Part, Sample, as_block, as_floats, as_part, block_rows
from handful.menu.checks import wrong_shape
from handful.menu.parquet import open_parquet
from handful.notation import AnyFloatArray


@dataclass(frozen=True, slots=True)
class LowRank:
    """Values P = left @ right that are computed block by block and never held whole.

    Attributes:
        left: (n, r) one row per customer.
        right: (r, G) one column per offer.
    """

    left: AnyFloatArray
    right: AnyFloatArray


Values: TypeAlias = "AnyFloatArray | LowRank | str | Path | Iterable[Any]"
"""What the engine takes as the (n, G) matrix."""


class Source(Protocol):
    """The customers, part by part."""

    @property
    def offers(self) -> int:
        """Number of columns G."""

    @property
    def rows(self) -> int | None:
        """Number of rows n where it is known before reading."""

    def parts(self) -> Iterator[Part]:
        """Yield parts of consecutive rows, in order."""

    def sample(self, rows: int, rng: np.random.Generator) -> Sample | None:
        """Return that many rows at random without reading everything, where that is possible."""


@dataclass(frozen=True, slots=True)
class MatrixSource:
    """An array in memory or in a mapped file, of any strides."""

    values: AnyFloatArray

    @property
    def offers(self) -> int:
        """Number of columns G."""
        return int(self.values.shape[1])

    @property
    def rows(self) -> int | None:
        """Number of rows n."""
        return len(self.values)

    def parts(self) -> Iterator[Part]:
        """Yield views, or converted copies where the numbers are neither float32 nor float64."""
        step = block_rows(self.offers)
        for start in range(0, len(self.values), step):
            yield as_part(as_floats(self.values[start : start + step]))

    def sample(self, rows: int, rng: np.random.Generator) -> Sample | None:
        """Return a simple random sample."""
        numbers = np.sort(rng.choice(len(self.values), rows, replace=False))
        return Sample(as_floats(self.values[numbers]), numbers)


@dataclass(frozen=True, slots=True)
class LowRankSource:
    """Blocks of left @ right."""

    pair: LowRank

    @property
    def offers(self) -> int:
        """Number of columns G."""
        return int(self.pair.right.shape[1])

    @property
    def rows(self) -> int | None:
        """Number of rows n."""
        return len(self.pair.left)

    def parts(self) -> Iterator[Part]:
        """Yield one product at a time."""
        step = block_rows(self.offers)
        for start in range(0, len(self.pair.left), step):
            yield as_part(as_floats(self.pair.left[start : start + step] @ self.pair.right))

    def sample(self, rows: int, rng: np.random.Generator) -> Sample | None:
        """Return a simple random sample."""
        numbers = np.sort(rng.choice(len(self.pair.left), rows, replace=False))
        return Sample(as_floats(self.pair.left[numbers] @ self.pair.right), numbers)


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Any iterable of row blocks that can be iterated again."""

    stream: Iterable[Any]
    offers: int

    @property
    def rows(self) -> int | None:
        """Unknown: a stream tells its length by ending."""
        return None

    def parts(self) -> Iterator[Part]:
        """Yield blocks of moderate size; large ones are split."""
        step = block_rows(self.offers)
        for item in self.stream:
            block = as_block(item)
            if block.shape[1] != self.offers:
                raise wrong_shape(f"a block of {block.shape[1]} columns after one of {self.offers}")
            for start in range(0, len(block), step):
                yield as_part(block[start : start + step])

    def sample(self, rows: int, rng: np.random.Generator) -> Sample | None:
        """Return nothing: how many rows there are shows when all have been read."""
        return None


def open_source(values: Values) -> Source:
    """Return the source for whatever the caller passed.

    Raises:
        DataError: M602 not a matrix of numbers; M603 a stream that can be read only once.
    """
    if isinstance(values, LowRank):
        return _low_rank(values)
    if isinstance(values, str | Path):
        return open_parquet(str(values))
    if hasattr(values, "to_batches") and hasattr(values, "num_columns"):
        return _stream(values.to_batches())
    if hasattr(values, "__array__") or _is_rows(values):
        return _matrix(np.asanyarray(values))
    return _stream(values)


def _matrix(array: AnyFloatArray) -> Source:
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "fiu":
        raise wrong_shape(f"shape {array.shape} of {array.dtype}")
    return MatrixSource(array)


def _low_rank(pair: LowRank) -> Source:
    left, right = np.asanyarray(pair.left), np.asanyarray(pair.right)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0] or not right.size:
        raise wrong_shape(f"a low-rank pair of shapes {left.shape} and {right.shape}")
    if not len(left) or left.dtype.kind not in "fiu" or right.dtype.kind not in "fiu":
        raise wrong_shape(f"a low-rank pair of {left.dtype} and {right.dtype}")
    return LowRankSource(LowRank(left, right))


def _stream(stream: Any) -> Source:  # noqa: ANN401 - any iterable
    if not hasattr(stream, "__iter__"):
        raise wrong_shape(f"an object of type {type(stream).__name__}")
    if iter(stream) is stream:
        raise DataError(
            blocked(
                "M603",
                "expected blocks that can be read several times; found an iterator that can be "
                "read only once.",
                "Pass a list of blocks, or an object whose __iter__ starts again.",
            )
        )
    for item in stream:
        return StreamSource(stream, int(as_block(item).shape[1]))
    raise wrong_shape("no block at all")


def _is_rows(values: Any) -> bool:  # noqa: ANN401
    """Return whether this is a list of rows of plain numbers, rather than a list of blocks."""
    if not isinstance(values, list | tuple) or not values:
        return False
    first = values[0]
    return isinstance(first, list | tuple) and all(isinstance(x, int | float) for x in first)


def all_blocks(source: Source) -> Iterator[AnyFloatArray]:
    """Yield (b, G) float32 or float64 blocks of consecutive rows, in order."""
    for part in source.parts():
        yield from part.blocks()
