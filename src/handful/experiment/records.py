"""The frozen records of an experiment: features, design, source facts and the log itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from handful.errors import Finding
from handful.experiment.consent_records import Consented
from handful.notation import BoolArray, FloatArray, IntArray

Kind = Literal["number", "category"]
Box = tuple[float | None, float | None, float | None]
"""Least and largest value of a dial and its step, None for what the log itself says."""


@dataclass(frozen=True, slots=True)
class FeatureSchema:
    """Names, kinds and levels of the features, in the order of the columns of `Features.values`.

    Attributes:
        names: column names (p).
        kinds: "number" or "category" (p).
        levels: level labels of a category, () for a number (p).
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    levels: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Features:
    """Feature values: numbers as they are, categories as level codes, NaN where missing.

    Attributes:
        schema: names, kinds and levels (p columns).
        values: (n, p) float64, Fortran order; a level never seen in the log is NaN (missing).
    """

    schema: FeatureSchema
    values: FloatArray

    def rows(self, index: IntArray | BoolArray) -> Features:
        """Return the features of the chosen rows.

        Example:
            >>> schema = FeatureSchema(("age",), ("number",), ((),))
            >>> Features(schema, np.array([[1.0], [2.0]])).rows(np.array([1])).values.item()
            2.0
        """
        return Features(self.schema, np.asfortranarray(self.values[index]))


@dataclass(frozen=True, slots=True)
class Design:
    """How offers were given out, and where an offer may be given again.

    Attributes:
        kind: "design" (observed shares within strata), "column", "table" or "estimate".
        by_stratum: (S, G) probability of each offer in each stratum (observed shares where the
            log carries its own propensities).
        received: (n,) probability of the offer each row received.
        support: (S, G) True where the offer was tried enough in that stratum to be valued there.
        observational: True when the log is not randomised and the brief accepted that in writing.
    """

    kind: Literal["design", "column", "table", "estimate"]
    by_stratum: FloatArray
    received: FloatArray
    support: BoolArray
    observational: bool = False


@dataclass(frozen=True, slots=True)
class Dials:
    """Offers with numbers to turn: a discount, a minimum basket, a rate, up to three at once.

    Attributes:
        names: (d,) columns of the log, one per dial.
        received: (n, d) value each row received; NaN where the row received "no offer" and that
            is no point of the box.
        candidates: (G, d) the point that each candidate offer stands for, in the order of
            `Experiment.offers`; NaN in the row of a control that is no point of the box.
        low, high: (d,) the box that candidates may come from, in the dial's own unit.
        increment: (d,) steps that can be said aloud, counted from `low`; NaN where any value can.
        levels: (d,) level names of a categorical dial, whose values are then 0..L-1 with nothing
            between; () for a number. Empty when every dial is a number.
    """

    names: tuple[str, ...]
    received: FloatArray
    candidates: FloatArray
    low: FloatArray
    high: FloatArray
    increment: FloatArray
    levels: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Amount:
    """What a limit counts besides customers: a cost or another outcome, (n,) as it happened.

    Attributes:
        name: "budget", or "caps." and the name of the cap; "fairness." and what is compared.
        values: (n,) per row.
        weights: (n, m) where the amount of row i under offer g is sum_k weights_ik by_offer_gk,
            whatever was received: known for the log, but from a column that no decision reads, so
            that decisions have to expect it from the features. Every column of the weights has a
            mean of 1. None for outcomes.
        by_offer: (G, m).
        source: what `weights` are made of; amounts of one source are learned together.
    """

    name: str
    values: FloatArray
    weights: FloatArray | None = None
    by_offer: FloatArray | None = None
    source: str = ""

    def take(self, rows: IntArray | BoolArray) -> Amount:
        """Return the amount of some rows.

        Example:
            >>> Amount("budget", np.array([1.0, 2.0])).take(np.array([1])).values.tolist()
            [2.0]
        """
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, values=self.values[rows], weights=weights)


@dataclass(frozen=True, slots=True)
class Slope:
    """What profit gains by one more unit of an assumption, row by row.

    Attributes:
        name: of the assumption.
        at: its number, as profit was computed.
        values: (n,) slope; None where profit is not linear in it.
        together: assumptions that it multiplies, so that both cannot be moved at once.
    """

    name: str
    at: float
    values: FloatArray | None
    together: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Where the log came from: for the record, never for computing."""

    description: str
    data_sha256: str
    rows_read: int
    rows_kept: int
    profit_sql: str
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """What happened: one row per unit of analysis (a customer, or a log row), all arrays aligned.

    Attributes:
        customers: (n,) customer ids as text or integers; row numbers when the log has none.
        cluster: (n,) codes 0..C-1 of the unit that was randomised or repeats.
        stratum: (n,) codes 0..S-1; `strata` holds their labels, `strata_columns` the columns.
        offer: (n,) codes 0..G-1 of the offer received; `offers` holds their names.
        control: code of the level that means "no offer", or None.
        profit: (n,) realised profit, money per row.
        features: (n, p) features, raw (checks may drop some before effects are learned).
        design: propensities and support.
    """

    customers: np.ndarray
    cluster: IntArray
    stratum: IntArray
    strata: tuple[str, ...]
    strata_columns: tuple[str, ...]
    offer: IntArray
    offers: tuple[str, ...]
    control: int | None
    profit: FloatArray
    features: Features
    design: Design
    source: SourceFacts
    currency: str = "USD"
    population: float | None = None
    time: np.ndarray | None = None
    outcome_time: np.ndarray | None = None
    findings: tuple[Finding, ...] = ()
    """Findings made while reading; `checks.check` adds its own."""
    dials: Dials | None = None
    """Set where offers are numbers: `offer` then holds the nearest candidate's code."""
    held_apart: Features | None = None
    """Sensitive and protected columns, for testing a plan only: nothing that decides reads them."""
    consent: Consented | None = None
    """What every row's customer allows; None where the brief names no consent table."""
    amounts: tuple[Amount, ...] = ()
    take_up: FloatArray | None = None
    """(n,) whether the customer accepted (or how much); None where the brief does not say."""
    """Costs and outcomes that the brief sets limits on."""
    eligibility: tuple[tuple[str, str], ...] = ()
    """Who may get which offer: (column, SQL that gives yes or no), the last of `strata_columns`."""
    slopes: tuple[Slope, ...] = ()
    """How profit changes with each of the brief's [profit.assumptions]."""
    outcomes: tuple[Amount, ...] = ()
    """What else may not get worse, under the names of the brief's [outcomes]."""
    revenue: FloatArray | None = None
    """(n,) what each customer brings today; None where the brief does not say."""
    execution: tuple[Amount, ...] = ()
    """(n,) shares of each row carried out so, NaN where it does not count; by name."""

    @classmethod
    def from_frame(  # noqa: PLR0913 - the keys of a brief, by name
        cls,
        frame: Any,  # noqa: ANN401 - any frame library
        *,
        offer: str | tuple[str, ...] | list[str],
        profit: str,
        features: tuple[str, ...] | list[str] | None = None,
        exclude: tuple[str, ...] | list[str] = (),
        control: str | Mapping[str, float | str] | None = None,
        dials: Mapping[str, Box] = MappingProxyType({}),
        customer: str | None = None,
        cluster: str | None = None,
        strata: tuple[str, ...] | list[str] = (),
        propensity: str | Mapping[str, float] = "design",
        unit: Literal["row", "customer"] | None = None,
        where: str | None = None,
        columns: Mapping[str, str] = MappingProxyType({}),
        currency: str = "USD",
        population: float | None = None,
        accept_observational: bool = False,
    ) -> Experiment:
        """Read a pandas, polars, Arrow or DuckDB frame: one row per customer, columns by name.

        Args:
            frame: the log.
            offer: column with the name of the offer each row received, or a list of the one to
                three numeric columns of an offer with dials.
            profit: column, or SQL expression over the columns: money per row.
            features: columns a decision may read; None: all that could be known before.
            exclude: columns left out when features is None.
            control: the level of `offer` that means "no offer"; with dials a point (column ->
                value), or "null" where rows without a value received none.
            dials: column -> (min, max, increment) of a dial, None for what the log itself says.
            customer: column of ids; row numbers when None.
            cluster: column of the unit that was randomised; the customer when None.
            strata: columns within which offers were randomised.
            propensity: "design", "column:NAME", "estimate", or a table offer -> probability.
            unit: "customer" or "row" when customers repeat.
            where: SQL condition that keeps rows.
            columns: derived columns, name -> SQL expression.
            currency: of the profit.
            population: customers one campaign reaches.
            accept_observational: accept in writing a log that is not randomised.

        Raises:
            BriefError: B101-B123 an argument that does not fit the frame, all at once.
            DataError: S205-S234 what is wrong with the rows.

        Cost: O(rows x columns).

        Example:
            >>> import pyarrow as pa
            >>> frame = pa.table({"arm": ["A", "B"] * 60, "y": [1.0] * 120, "x": range(120)})
            >>> Experiment.from_frame(frame, offer="arm", profit="2 * y").profit[0]
            np.float64(2.0)
        """
        # By name: a decision server imports this record and must not load the frame libraries.
        frames = import_module("handful.experiment.frames")
        experiment = {
            "offer": offer if isinstance(offer, str) else list(offer),
            "features": "*" if features is None else list(features),
            "exclude": list(exclude),
            "control": control,
            "customer": customer,
            "cluster": cluster,
            "strata": list(strata),
            "propensity": propensity,
            "unit": unit,
            "where": where,
            "accept_observational": accept_observational,
        }
        money = {"per_row": profit, "currency": currency, "population": population}
        experiment_read: Experiment = frames.read_columns(frame, experiment, money, columns, dials)
        return experiment_read

    @property
    def n_rows(self) -> int:
        """Number of rows n."""
        return int(self.profit.shape[0])

    @property
    def n_offers(self) -> int:
        """Number of candidate offers G, the control included."""
        return len(self.offers)

    def take(self, rows: IntArray | BoolArray) -> Experiment:
        """Return the experiment on the chosen rows; offers, strata and design stay as they are.

        Cost: O(rows p).
        """
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        _, cluster = np.unique(self.cluster[index], return_inverse=True)
        return replace(
            self,
            customers=self.customers[index],
            cluster=cluster.astype(np.int64),
            stratum=self.stratum[index],
            offer=self.offer[index],
            profit=self.profit[index],
            features=self.features.rows(index),
            design=replace(self.design, received=self.design.received[index]),
            time=None if self.time is None else self.time[index],
            outcome_time=None if self.outcome_time is None else self.outcome_time[index],
            dials=None
            if self.dials is None
            else replace(self.dials, received=self.dials.received[index]),
            held_apart=None if self.held_apart is None else self.held_apart.rows(index),
            consent=None if self.consent is None else self.consent.take(index),
            amounts=tuple(a.take(index) for a in self.amounts),
            take_up=None if self.take_up is None else self.take_up[index],
            slopes=tuple(
                replace(s, values=None if s.values is None else s.values[index])
                for s in self.slopes
            ),
            outcomes=tuple(a.take(index) for a in self.outcomes),
            revenue=None if self.revenue is None else self.revenue[index],
            execution=tuple(a.take(index) for a in self.execution),
        )

    @property
    def open_cells(self) -> BoolArray:
        """(n, G) True where the offer is open to the row's stratum and its customer allows it."""
        cells: BoolArray = self.design.support[self.stratum]
        return cells if self.consent is None else cells & ~self.consent.closed
