"""Was the offer drawn at random? Findings from covariate balance and from shares over time.

A feature fails when its p-value times the number of features is below `CLEAR` and some offer's mean
is `LEAST_DIFFERENCE` standard deviations or more from its strata's; it is worth a warning below
`DOUBTFUL`. What a failure is called follows from what mends it:

- one feature fails and the others balance: measured after the offer, or shares changed with it;
- the others balance once a few features are strata: shares changed with those;
- otherwise: not randomised.

Each of them blocks, unless the brief accepts an observational log in writing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.errors import Finding, Level
from handful.experiment.checks.balance import Balance
from handful.experiment.checks.dial_balance import balance_of, code_balance_of
from handful.experiment.checks.wording import listed
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray

CLEAR = 1e-6
DOUBTFUL = 1e-3
LEAST_DIFFERENCE = 0.05
MAX_NEW_STRATA = 6
ROWS_PER_STRATUM = 50
BINS = 10

CLUSTER = "If whole households or shops were given one offer, name them as `cluster`."
ACCEPT = 'write propensity = "estimate" and accept_observational = true to go on all the same'


def randomisation_findings(experiment: Experiment) -> list[Finding]:
    """Return what balance over features and over time says. Cost O(n p + p G^3)."""
    tested = balance_of(experiment)
    failing = _failing(tested)
    findings = _over_time(experiment)
    if failing:
        return [*findings, _failure(experiment, tested, failing)]
    return findings + _doubtful(tested)


def _failing(tested: tuple[Balance, ...]) -> list[Balance]:
    """Return the features that clearly fail, the worst first."""
    bad = [
        b for b in tested if b.p_value * len(tested) < CLEAR and b.difference >= LEAST_DIFFERENCE
    ]
    return sorted(bad, key=lambda b: (b.p_value, -b.difference))


def _level(experiment: Experiment) -> Level:
    return "warn" if experiment.design.observational else "block"


def _failure(experiment: Experiment, tested: tuple[Balance, ...], bad: list[Balance]) -> Finding:
    level = _level(experiment)
    share = len(bad) / len(tested)
    found = (
        f"{len(bad)} of {len(tested)} features differ between offers more than a draw allows "
        f"({listed([b.name for b in bad])}; {_evidence(bad[0])})"
    )
    if experiment.design.kind == "estimate":
        message = f"{found}, even with the estimated probabilities as weights."
        remedy = "Add features that say why customers got different offers, or name strata."
        return Finding("C440", level, message, remedy, len(bad), share)
    if len(bad) == 1:
        message, remedy = _single(bad[0], len(tested))
        return Finding("C441", level, message, remedy, 1, share)
    strata = strata_that_mend(experiment, bad)
    if strata:
        message = (
            f"{found}; within {listed(strata)} the rest balance: shares seem to change with "
            f"{listed(strata)}."
        )
        remedy = _name_strata(experiment, strata)
        return Finding("C442", level, message, remedy, len(bad), share)
    message = f"{found}: the log does not look randomised, so offers cannot be compared fairly."
    remedy = f"Use the log of a randomised experiment or name its strata; or {ACCEPT}. {CLUSTER}"
    return Finding("C440", level, message, remedy, len(bad), share)


def _name_strata(experiment: Experiment, strata: list[str]) -> str:
    names = experiment.features.schema.names
    many = [name for name in strata if not has_few_values(experiment, names.index(name))]
    grouped = f" ({listed(many)} in groups, derived under [columns])" if many else ""
    return f"Name the stratum: strata = [{', '.join(repr(s) for s in strata)}]{grouped}."


def _evidence(b: Balance) -> str:
    p = f"p = {b.p_value:.1g}" if b.p_value > 0 else "p < 1e-300"
    off = f"{b.difference:.2f} standard deviations off"
    return f"{b.name!r}: {p}, {off} under {b.offer!r}"


def _single(b: Balance, tested: int) -> tuple[str, str]:
    others = f"while the other {tested - 1} balance" if tested > 1 else "and it is the only one"
    message = (
        f"{_evidence(b)}, {others}: it was measured after the offer, or shares changed with it, or "
        "the offer was chosen by it."
    )
    remedy = (
        f"If it was measured after the offer: exclude = [{b.name!r}]. If shares changed with it: "
        f"strata = [{b.name!r}], in groups if it has many values. {CLUSTER} Otherwise {ACCEPT}."
    )
    return message, remedy


def _doubtful(tested: tuple[Balance, ...]) -> list[Finding]:
    bad = [b for b in tested if b.p_value * len(tested) < DOUBTFUL]
    if not bad:
        return []
    worst = min(bad, key=lambda b: b.p_value)
    message = (
        f"{len(bad)} of {len(tested)} features differ a little between offers, {_evidence(worst)}: "
        f"unlikely in a fair draw (p x {len(tested)} features < {DOUBTFUL:g}), too small to call."
    )
    remedy = "Ask how offers were drawn; name what the draw depended on as strata."
    return [Finding("C443", "warn", message, remedy, len(bad), len(bad) / len(tested))]


def _over_time(experiment: Experiment) -> list[Finding]:
    """Test that shares within strata are the same in each tenth of the experiment's time."""
    moments = numeric_time(experiment.time)
    if moments is None:
        return []
    periods = bins(moments)
    result = code_balance_of(experiment, "time", periods)
    if result is None or result.p_value >= CLEAR or result.difference < LEAST_DIFFERENCE:
        return []
    message = (
        "expected the same share of each offer at all times within strata; it changed most for "
        f"{result.offer!r} (p = {result.p_value:.1g} over {int(periods.max()) + 1} periods)."
    )
    remedy = (
        "Name the period in which shares were constant as a stratum, or log probabilities per row."
    )
    return [Finding("C444", _level(experiment), message, remedy)]


def numeric_time(moments: np.ndarray | None) -> FloatArray | None:
    """Return times as numbers (seconds for dates), NaN where missing; None without usable times."""
    if moments is None or moments.dtype.kind not in "Mif":
        return None
    if moments.dtype.kind != "M":
        return moments.astype(np.float64)
    seconds = moments.astype("datetime64[s]")
    return np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64).astype(np.float64))


def bins(x: FloatArray, most: int = BINS) -> IntArray:
    """Return codes of at most `most` groups of like size, the last for missing values if any."""
    known = x[~np.isnan(x)]
    values = np.unique(known)
    if values.size > most:
        cuts = np.unique(np.quantile(known, np.arange(1, most) / most))
        codes = np.searchsorted(cuts, x, side="right")
    else:
        codes = np.searchsorted(values, x)
    _, compact = np.unique(np.where(np.isnan(x), codes.max() + 1, codes), return_inverse=True)
    return compact.astype(np.int64)


def strata_that_mend(experiment: Experiment, failing: list[Balance]) -> list[str]:
    """Return the few features within which the others balance; [] if there are none.

    Greedy: the worst failing feature that has few values (it can be named as it is), else the
    worst of all, becomes a stratum until nothing fails.
    """
    names = experiment.features.schema.names
    few = {name for j, name in enumerate(names) if has_few_values(experiment, j)}
    chosen: list[str] = []
    while failing and len(chosen) < min(MAX_NEW_STRATA, len(names) - 1):
        worst = next((b.name for b in failing if b.name in few), failing[0].name)
        chosen.append(worst)
        finer = _with_stratum(experiment, names.index(worst))
        if len(finer.strata) * ROWS_PER_STRATUM > experiment.n_rows:
            return []
        experiment = finer
        failing = _failing(balance_of(experiment))
    return [] if failing else chosen


def has_few_values(experiment: Experiment, j: int) -> bool:
    """Return whether feature j is a category or a number with at most `BINS` values."""
    x = experiment.features.values[:, j]
    return np.unique(x[~np.isnan(x)]).size <= BINS


def _with_stratum(experiment: Experiment, j: int) -> Experiment:
    codes = bins(experiment.features.values[:, j])
    key = experiment.stratum * (int(codes.max()) + 1) + codes
    labels, stratum = np.unique(key, return_inverse=True)
    return replace(
        experiment,
        stratum=stratum.astype(np.int64),
        strata=tuple(str(label) for label in labels),
    )
