"""Where the customers are: an array, a mapped file, a stream of blocks, a low-rank pair.

A source gives blocks of consecutive rows, as often as asked for, and never the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from handful.errors import DataError, blocked
from handful.menu.checks import wrong_shape
from handful.notation import AnyFloatArray

BLOCK_CELLS = 1 << 20
LEAST_BLOCK_ROWS = 4096
STREAM_ROWS = 65_536


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
    """The customers, block by block."""

    @property
    def offers(self) -> int:
        """Number of columns G."""

    @property
    def rows(self) -> int | None:
        """Number of rows n where it is known before reading."""

    def blocks(self) -> Iterator[AnyFloatArray]:
        """Yield (b, G) float32 or float64 blocks of consecutive rows, in order."""


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

    def blocks(self) -> Iterator[AnyFloatArray]:
        """Yield views, or converted copies where the numbers are neither float32 nor float64."""
        step = block_rows(self.offers)
        for start in range(0, len(self.values), step):
            yield as_floats(self.values[start : start + step])


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

    def blocks(self) -> Iterator[AnyFloatArray]:
        """Yield one product at a time."""
        step = block_rows(self.offers)
        for start in range(0, len(self.pair.left), step):
            yield as_floats(self.pair.left[start : start + step] @ self.pair.right)


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Any iterable of row blocks that can be iterated again."""

    stream: Iterable[Any]
    offers: int

    @property
    def rows(self) -> int | None:
        """Unknown: a stream tells its length by ending."""
        return None

    def blocks(self) -> Iterator[AnyFloatArray]:
        """Yield blocks of moderate size; large ones are split."""
        step = block_rows(self.offers)
        for item in self.stream:
            block = as_block(item)
            if block.shape[1] != self.offers:
                raise wrong_shape(f"a block of {block.shape[1]} columns after one of {self.offers}")
            for start in range(0, len(block), step):
                yield block[start : start + step]


@dataclass(frozen=True, slots=True)
class ParquetBlocks:
    """The row blocks of a parquet file or folder, all columns, in file order."""

    path: str

    def __iter__(self) -> Iterator[Any]:
        import pyarrow.dataset as ds

        # Buffered and barely ahead: a row group is decoded as it is read, not held whole first.
        yield from ds.dataset(self.path, format="parquet").to_batches(
            batch_size=STREAM_ROWS,
            batch_readahead=4,
            fragment_readahead=1,
            fragment_scan_options=ds.ParquetFragmentScanOptions(
                pre_buffer=False, use_buffered_stream=True
            ),
        )


def block_rows(offers: int) -> int:
    """Return how many rows a block has, whatever the source: sums then round alike."""
    return max(LEAST_BLOCK_ROWS, BLOCK_CELLS // offers)


def open_source(values: Values) -> Source:
    """Return the source for whatever the caller passed.

    Raises:
        DataError: M602 not a matrix of numbers; M603 a stream that can be read only once.
    """
    if isinstance(values, LowRank):
        return _low_rank(values)
    if isinstance(values, str | Path):
        return _stream(ParquetBlocks(str(values)))
    if hasattr(values, "to_batches") and hasattr(values, "num_columns"):
        return _stream(values.to_batches())
    if hasattr(values, "__array__") or _is_rows(values):
        return _matrix(np.asanyarray(values))
    return _stream(values)


def as_block(item: Any) -> AnyFloatArray:  # noqa: ANN401 - arrays and Arrow batches alike
    """Return a row block as a 2-D float array; Arrow columns become a column-major block."""
    if hasattr(item, "num_columns") and hasattr(item, "columns"):
        columns = [np.asarray(column) for column in item.columns]
        if not columns:
            raise wrong_shape("a batch without columns")
        return as_floats(np.stack(columns).T)
    return as_floats(np.asarray(item))


def as_floats(block: AnyFloatArray) -> AnyFloatArray:
    """Return the block as float32 or float64, aligned, in native byte order."""
    if block.ndim != 2 or block.shape[1] == 0 or block.dtype.kind not in "fiu":
        raise wrong_shape(f"shape {block.shape} of {block.dtype}")
    if block.dtype in (np.float32, np.float64) and block.flags.aligned and block.dtype.isnative:
        return block
    return block.astype(np.float32 if block.dtype.itemsize <= 2 else _native(block.dtype))


def _native(dtype: np.dtype[Any]) -> type:
    return np.float32 if dtype.kind == "f" and dtype.itemsize == 4 else np.float64


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
