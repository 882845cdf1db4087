"""The one door for data frames: pandas, polars, Arrow and DuckDB, in and out, by column name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

from handful.brief.reader import parse_brief
from handful.brief.schema import Brief
from handful.errors import DataError, blocked
from handful.experiment.consent_rows import asked_of
from handful.experiment.engine import quoted
from handful.experiment.log import build_experiment
from handful.experiment.opening import open_table
from handful.experiment.records import Box, Experiment


def to_arrow(frame: Any) -> Any:  # noqa: ANN401 - any frame in, a pyarrow Table out
    """Return any frame as an Arrow table; a row index is left out.

    Args:
        frame: pandas, polars (lazy too), Arrow table, DuckDB relation, or anything that offers
            the Arrow C stream.

    Raises:
        DataError: S208 not a frame, or a column that holds mixed kinds of values.

    Example:
        >>> to_arrow(pa.table({"a": [1]})).column_names
        ['a']
    """
    if isinstance(frame, pa.Table):
        return frame
    try:
        native = nw.from_native(frame, pass_through=True)
        if isinstance(native, nw.LazyFrame):
            return native.collect("pyarrow").to_native()
        if isinstance(native, nw.DataFrame):
            return native.to_arrow().select(native.columns)
        if hasattr(frame, "__arrow_c_stream__"):
            return pa.table(frame)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, KeyError) as error:
        message = f"the frame cannot be read as columns of one kind each: {str(error)[:160]}."
        remedy = "Make each column all text, all numbers or all times, with text as its name."
        raise DataError(blocked("S208", message, remedy)) from None
    message = f"expected a pandas, polars, Arrow or DuckDB frame, found {type(frame).__name__}."
    raise DataError(blocked("S208", message, "Pass a frame, or a path to a file."))


def to_native(table: Any, like: Any) -> Any:  # noqa: ANN401 - frames of any library
    """Return an Arrow table as a frame of the library that `like` belongs to.

    Args:
        table: a pyarrow Table.
        like: any frame that `to_arrow` reads.

    Example:
        >>> to_native(pa.table({"a": [1]}), pa.table({"b": [2]})).column_names
        ['a']
    """
    native = nw.from_native(like, pass_through=True)
    if not isinstance(native, nw.DataFrame | nw.LazyFrame):
        return table
    kind = native.implementation
    if kind.is_duckdb():
        return duckdb.from_arrow(table)
    return nw.from_arrow(table, backend=kind).to_native()


def read_frame(frame: Any, brief: Brief) -> Experiment:  # noqa: ANN401
    """Read a frame into an Experiment; the brief's `source` is not looked at.

    Args:
        frame: any frame that `to_arrow` reads.
        brief: what its columns mean.

    Raises:
        BriefError: B110-B123 names and expressions that do not fit the frame.
        DataError: S205-S234 what is wrong with the rows.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> frame = pa.table({"arm": ["A", "B"] * 60, "y": [1.0] * 120, "x": range(120)})
        >>> brief = parse_brief({"experiment": {"source": "a frame", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}})
        >>> read_frame(frame, brief).n_rows
        120
    """
    asked = asked_of(brief)
    with open_table(to_arrow(frame), "the frame", asked=asked) as log:
        return build_experiment(log, brief, asked=asked)


def read_columns(
    frame: Any,  # noqa: ANN401
    experiment: Mapping[str, object],
    money: Mapping[str, object],
    derived: Mapping[str, str],
    dials: Mapping[str, Box] = MappingProxyType({}),
) -> Experiment:
    """Read a frame by the keys of a brief given in Python; None stands for a key left out.

    Args:
        frame: any frame that `to_arrow` reads.
        experiment: keys of [experiment] without `source`.
        money: keys of [profit]; `per_row` may be the name of a column.
        derived: the table [columns].
        dials: column -> (min, max, increment) of each dial.

    Raises:
        BriefError: B101-B123, all at once.
        DataError: S205-S234 what is wrong with the rows.

    Example:
        >>> frame = pa.table({"arm": ["A", "B"] * 60, "my y": [1.0] * 120, "x": range(120)})
        >>> read_columns(frame, {"offer": "arm"}, {"per_row": "my y"}, {}).profit[0]
        np.float64(1.0)
    """
    table = to_arrow(frame)
    given = {key: value for key, value in experiment.items() if value is not None}
    profit = {key: value for key, value in money.items() if value is not None}
    if profit.get("per_row") in table.column_names:
        profit["per_row"] = quoted(str(profit["per_row"]))
    brief = parse_brief(
        {
            "experiment": {"source": "the frame", **given},
            "profit": profit,
            "columns": dict(derived),
            "menu": {name: _dial_table(box) for name, box in dials.items()},
        }
    )
    return read_frame(table, brief)


def _dial_table(box: Box) -> dict[str, float]:
    named = zip(("min", "max", "increment"), box, strict=True)
    return {key: value for key, value in named if value is not None}
