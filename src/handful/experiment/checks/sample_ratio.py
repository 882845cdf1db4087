"""Do the shares seen agree with the shares planned?

Against a stated table: Pearson's chi-square over units of randomisation, overall and within strata
(Bonferroni over all of them), called at p < `CLEAR` when a share is also off by `LEAST_DEVIATION`.
Against logged probabilities: for offer g, sum over its rows of 1 / e_i should be n, since
E[1{t_i = g} / e_ig] = 1; the error is clustered. Cost O(n + S G).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

from handful.errors import Finding
from handful.experiment.checks.randomisation import bins
from handful.experiment.checks.units import Units, randomised_units
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray

CLEAR = 0.001
LEAST_DEVIATION = 0.005
LEAST_MISCALIBRATION = 0.05
MIN_EXPECTED = 5.0
TABLE_ROWS = 6
MAX_LEVELS = 20


@dataclass(frozen=True, slots=True)
class RatioTest:
    """Chi-square p-value of a group's counts, with the largest deviation of a share."""

    group: str
    units: int
    p_value: float
    deviation: float
    offer: int
    seen: float
    planned: float


def sample_ratio_findings(experiment: Experiment) -> list[Finding]:
    """Return what the shares of offers say, by the kind of the design. Cost O(n + S G)."""
    if experiment.dials is not None:
        return []  # no shares can be stated for points of a box
    if experiment.design.kind == "table":
        return _against_table(experiment)
    if experiment.design.kind == "column":
        return _against_logged(experiment)
    if experiment.design.kind == "design" and not experiment.design.observational:
        return _nothing_stated(experiment)
    return []


def ratio_test(counts: IntArray, planned: FloatArray, group: str) -> RatioTest:
    """Return the test of (G,) counts against (G,) planned shares.

    Example:
        >>> test = ratio_test(np.array([52_000, 48_000]), np.array([0.5, 0.5]), "all")
        >>> test.p_value < 1e-30, round(test.deviation, 3)
        (True, 0.02)
    """
    n = int(counts.sum())
    seen = counts / max(n, 1)
    expected = n * planned
    used = expected >= MIN_EXPECTED
    p_value = 1.0
    if int(used.sum()) >= 2:
        rest = n - int(counts[used].sum())
        rest_expected = n - float(expected[used].sum())
        statistic = float(np.sum((counts[used] - expected[used]) ** 2 / expected[used]))
        df = int(used.sum()) - 1
        if rest_expected >= MIN_EXPECTED:
            statistic += (rest - rest_expected) ** 2 / rest_expected
            df += 1
        p_value = float(chi2.sf(statistic, df))
    off = np.abs(seen - planned)
    g = int(np.argmax(off))
    return RatioTest(group, n, p_value, float(off[g]), g, float(seen[g]), float(planned[g]))


def _against_table(experiment: Experiment) -> list[Finding]:
    units = randomised_units(experiment)
    planned = experiment.design.by_stratum[0]
    tests = [ratio_test(units.counts.sum(axis=0), planned, "all rows")]
    if len(experiment.strata) > 1:
        tests += _by_stratum(experiment, units, planned)
    bad = [t for t in tests if t.p_value * len(tests) < CLEAR and t.deviation >= LEAST_DEVIATION]
    if not bad:
        return []
    what = "rows" if units.of_row is None else "clusters"
    worst = min(bad, key=lambda t: (t.p_value, -t.deviation))
    located = bad if len(tests) > 1 else [*bad, *_by_feature(experiment, planned)]
    message = (
        f"sample ratio mismatch: expected {worst.planned:.1%} of {what} with "
        f"{experiment.offers[worst.offer]!r}, found {worst.seen:.1%} (p = {worst.p_value:.1g}, "
        f"{worst.units:,} {what}). Where:\n{_table(experiment, located)}"
    )
    remedy = (
        "Find where rows are lost or added (logging, filters, redirects) before reading any "
        "effect; or correct the propensity table."
    )
    return [Finding("C430", "block", message, remedy, worst.units)]


def _by_stratum(experiment: Experiment, units: Units, planned: FloatArray) -> list[RatioTest]:
    return [
        ratio_test(counts, planned, label)
        for counts, label in zip(units.counts, experiment.strata, strict=True)
    ]


def _by_feature(experiment: Experiment, planned: FloatArray) -> list[RatioTest]:
    """Return the tests within the levels of the feature across which the deviation varies most."""
    schema = experiment.features.schema
    best: list[RatioTest] = []
    for j, name in enumerate(schema.names):
        codes = bins(experiment.features.values[:, j])
        groups = int(codes.max()) + 1
        if not 2 <= groups <= MAX_LEVELS:
            continue
        cells = np.bincount(codes * experiment.n_offers + experiment.offer)
        counts = np.resize(cells, groups * experiment.n_offers).reshape(groups, -1)
        counts.flat[cells.size :] = 0
        labels = [f"{name}, group {k + 1} of {groups}" for k in range(groups)]
        tests = [ratio_test(row, planned, label) for row, label in zip(counts, labels, strict=True)]
        if _spread(tests) > _spread(best):
            best = tests
    return sorted(best, key=lambda t: t.p_value)


def _spread(tests: list[RatioTest]) -> float:
    deviations = [t.deviation for t in tests if t.units * t.planned >= MIN_EXPECTED]
    return max(deviations) - min(deviations) if deviations else -1.0


def _table(experiment: Experiment, tests: list[RatioTest]) -> str:
    lines = [
        f"  {t.group[:60]}: {experiment.offers[t.offer]!r} seen {t.seen:.1%}, planned "
        f"{t.planned:.1%}, p = {t.p_value:.1g}"
        for t in tests[:TABLE_ROWS]
    ]
    more = len(tests) - TABLE_ROWS
    return "\n".join(lines + ([f"  and {more} more groups"] if more > 0 else []))


def _against_logged(experiment: Experiment) -> list[Finding]:
    """Compare the sum of 1 / e_i over each offer's rows with n."""
    weight = 1.0 / experiment.design.received
    tested = [_calibration(experiment, weight, g) for g in range(experiment.n_offers)]
    over: list[str] = []
    under: list[str] = []
    for g, (ratio, z) in enumerate(tested):
        if 2.0 * norm.sf(abs(z)) * len(tested) >= CLEAR or abs(ratio - 1.0) < LEAST_MISCALIBRATION:
            continue
        seen = float(np.mean(experiment.offer == g))
        text = f"{experiment.offers[g]!r} seen on {seen:.1%} of rows, logged {seen / ratio:.1%}"
        (over if ratio > 1.0 else under).append(text)
    if over:
        message = (
            "logged probabilities do not agree with the shares seen: "
            f"{'; '.join((over + under)[:TABLE_ROWS])}."
        )
        remedy = (
            "Correct the logged probabilities (the one used at the draw), or find which rows are "
            'missing; if the draw was by strata, use propensity = "design".'
        )
        return [Finding("C431", "block", message, remedy, len(over) + len(under))]
    if under:
        message = (
            f"offers seen less often than their logged probabilities say: "
            f"{'; '.join(under[:TABLE_ROWS])}. They may have been closed to some rows."
        )
        remedy = "Name what closed them as strata, or check that their rows were all logged."
        return [Finding("C432", "warn", message, remedy, len(under))]
    return []


def _calibration(experiment: Experiment, weight: FloatArray, g: int) -> tuple[float, float]:
    """Return sum of 1{t = g} / e over n, and its distance from 1 in clustered standard errors."""
    n = experiment.n_rows
    excess = np.where(experiment.offer == g, weight, 0.0) - 1.0
    by_cluster = np.bincount(experiment.cluster, weights=excess)
    total = float(excess.sum())
    error = float(np.sqrt(np.sum((by_cluster - total / by_cluster.size) ** 2)))
    return 1.0 + total / n, total / error if error > 0 else 0.0


def _nothing_stated(experiment: Experiment) -> list[Finding]:
    """Without a stated plan the shares seen are the design: say so, louder where not uniform."""
    units = randomised_units(experiment)
    total = units.counts.sum(axis=0)
    tried = total > 0
    even = np.full(int(tried.sum()), 1.0 / max(int(tried.sum()), 1))
    test = ratio_test(total[tried], even, "all")
    uniform = test.p_value >= CLEAR or test.deviation < LEAST_DEVIATION
    shares = ", ".join(
        f"{experiment.offers[g]!r} {total[g] / total.sum():.1%}"
        for g in np.argsort(-total, kind="stable")[:TABLE_ROWS]
    )
    message = (
        f"no planned shares were stated, so the shares seen within strata are taken as the design "
        f"({shares}); they are {'' if uniform else 'not '}equal, and a mismatch with the plan "
        "cannot be seen."
    )
    remedy = (
        "State the plan: [experiment.propensity] with one probability per offer, or name strata."
    )
    return [Finding("C433", "note" if uniform else "warn", message, remedy)]
