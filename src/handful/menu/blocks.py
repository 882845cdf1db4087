"""What a source is made of: row blocks of plain floats, parts that threads take, samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from handful.kernels.menu import Columns
from handful.menu.checks import wrong_shape
from handful.notation import AnyFloatArray, IntArray

BLOCK_CELLS = 1 << 20
LEAST_BLOCK_ROWS = 8192


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive rows that one thread can make and read on its own.

    Attributes:
        rows: how many.
        blocks: gives them as (b, G) float32 or float64 blocks.
        apart: gives them column by column where that spares copying them; else None.
    """

    rows: int
    blocks: Callable[[], Iterator[AnyFloatArray]]
    apart: Callable[[], Iterator[AnyFloatArray | Columns]] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows of a source, in their order.

    Attributes:
        values: (s, G).
        numbers: (s,) which rows they are.
    """

    values: AnyFloatArray
    numbers: IntArray


def block_rows(offers: int) -> int:
    """Return how many rows a block has, whatever the source: sums then round alike."""
    return max(LEAST_BLOCK_ROWS, BLOCK_CELLS // offers)


def as_part(block: AnyFloatArray) -> Part:
    """Return a block that is there already as a part."""
    return Part(len(block), lambda: iter((block,)))


def as_block(item: Any) -> AnyFloatArray:  # noqa: ANN401 - arrays and Arrow batches alike
    """Return a row block as a 2-D float array; Arrow columns become a column-major block."""
    if hasattr(item, "num_columns") and hasattr(item, "columns"):
        return dense(as_columns(item))
    return as_floats(np.asarray(item))


def as_columns(batch: Any) -> AnyFloatArray | Columns:  # noqa: ANN401 - an Arrow batch
    """Return the columns of an Arrow batch as they lie; a copy where their types differ."""
    columns = tuple(np.asarray(column) for column in batch.columns)
    if not columns:
        raise wrong_shape("a batch without columns")
    plain = columns[0].dtype
    if plain in (np.float32, np.float64) and all(
        column.dtype == plain and column.flags.c_contiguous and column.flags.aligned
        for column in columns
    ):
        return Columns(columns)
    return as_floats(np.stack(columns).T)


def dense(block: AnyFloatArray | Columns) -> AnyFloatArray:
    """Return the block as one array."""
    return np.stack(block.columns).T if isinstance(block, Columns) else block


def as_floats(block: AnyFloatArray) -> AnyFloatArray:
    """Return the block as float32 or float64, aligned, in native byte order."""
    if block.ndim != 2 or block.shape[1] == 0 or block.dtype.kind not in "fiu":
        raise wrong_shape(f"shape {block.shape} of {block.dtype}")
    if block.dtype in (np.float32, np.float64) and block.flags.aligned and block.dtype.isnative:
        return block
    return block.astype(np.float32 if block.dtype.itemsize <= 2 else _native(block.dtype))


def _native(dtype: np.dtype[Any]) -> type:
    return np.float32 if dtype.kind == "f" and dtype.itemsize == 4 else np.float64
