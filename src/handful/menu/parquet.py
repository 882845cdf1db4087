"""Customers in a parquet file or folder that need not fit into memory.

Every thread decodes the row groups it sums, a few thousand rows at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from handful.kernels.menu import Columns
from handful.menu.blocks import Part, Sample, as_columns, block_rows, dense
from handful.menu.checks import wrong_shape
from handful.notation import AnyFloatArray

SAMPLED_GROUPS = 16
"""Row groups that a sample is drawn from, where they hold enough rows."""
WHOLE_CELLS = 1 << 24
"""Row groups of up to this many cells are read whole."""
GROWTH = 4
"""Blocks of larger row groups hold this many times as many rows: each has a cost of its own."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows of one file that are stored together."""

    file: str
    number: int
    rows: int


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """The row groups of one or more files, all with the same columns, in file order."""

    names: tuple[str, ...]
    groups: tuple[RowGroup, ...]

    @property
    def offers(self) -> int:
        """Number of columns G."""
        return len(self.names)

    @property
    def rows(self) -> int | None:
        """Number of rows n, which the files tell."""
        return sum(group.rows for group in self.groups)

    def parts(self) -> Iterator[Part]:
        """Yield one part per row group."""
        for group in self.groups:
            if group.rows:
                apart = partial(decoded, group, self.names)
                yield Part(group.rows, partial(_dense, apart), apart)

    def sample(self, rows: int, rng: np.random.Generator) -> Sample | None:
        """Return the first rows of some row groups, spread evenly over the files.

        Where rows are stored in an order that matters, such a sample is a poor one: more passes
        over everybody are then needed, and nothing becomes wrong.
        """
        needed = ceil(rows * len(self.groups) / sum(group.rows for group in self.groups))
        count = min(len(self.groups), max(SAMPLED_GROUPS, needed + 1))
        places = ((np.arange(count) + rng.random()) * len(self.groups) / count).astype(np.int64)
        chosen = [self.groups[place] for place in places]
        starts = np.cumsum([0, *(group.rows for group in self.groups)])[places]
        held = sum(group.rows for group in chosen)
        if held < rows:
            return None
        values, numbers = [], []
        for group, start in zip(chosen, starts, strict=True):
            share = rows * group.rows // held
            if share:
                values.append(dense(next(heads(group, self.names, share))))
                numbers.append(start + np.arange(share))
        return Sample(np.concatenate(values), np.concatenate(numbers))


def open_parquet(path: str) -> ParquetSource:
    """Return the files under a path as one source.

    Raises:
        DataError: M602 no column or no row.
    """
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    groups: list[RowGroup] = []
    names: tuple[str, ...] = ()
    for file in ds.dataset(path, format="parquet").files:
        with pq.ParquetFile(file) as opened:
            names = names or tuple(opened.schema_arrow.names)
            footer = opened.metadata
            sizes = [footer.row_group(g).num_rows for g in range(footer.num_row_groups)]
        groups += [RowGroup(file, number, rows) for number, rows in enumerate(sizes)]
    if not names or not any(group.rows for group in groups):
        raise wrong_shape(f"a folder of {len(groups)} row groups and {len(names)} columns")
    return ParquetSource(names, tuple(groups))


def decoded(group: RowGroup, names: tuple[str, ...]) -> Iterator[AnyFloatArray | Columns]:
    """Yield the rows of a group in blocks; a small group is read whole, which takes less time."""
    import pyarrow.parquet as pq

    if group.rows * len(names) > WHOLE_CELLS:
        yield from heads(group, names, GROWTH * block_rows(len(names)))
        return
    with pq.ParquetFile(group.file, pre_buffer=False) as file:
        _check_names(file, group, names)
        table = file.read_row_group(group.number, use_threads=False).select(list(names))
        for batch in table.to_batches(max_chunksize=block_rows(len(names))):
            yield as_columns(batch)


def heads(group: RowGroup, names: tuple[str, ...], rows: int) -> Iterator[AnyFloatArray | Columns]:
    """Yield the rows of a group, so many at a time, decoding no more than is asked for."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(group.file, pre_buffer=False) as file:
        _check_names(file, group, names)
        for batch in file.iter_batches(rows, row_groups=[group.number], use_threads=False):
            yield as_columns(batch.select(list(names)))


def _dense(
    apart: Callable[[], Iterator[AnyFloatArray | Columns]],
) -> Iterator[AnyFloatArray]:
    return (dense(block) for block in apart())


def _check_names(file: Any, group: RowGroup, names: tuple[str, ...]) -> None:  # noqa: ANN401
    if sorted(file.schema_arrow.names) != sorted(names):
        raise wrong_shape(f"other columns in {Path(group.file).name} than in the first file")
