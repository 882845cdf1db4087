"""Times: order of offer and outcome, late rows whose outcomes are not in yet, age of the log.

Late rows: the last tenth of the rows by time of the offer against the others, on the share of rows
whose profit is above their offer's median. Cost O(n log n).
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from handful.errors import Finding, Level
from handful.experiment.checks.leaks import profit_events
from handful.experiment.checks.randomisation import numeric_time
from handful.experiment.records import Experiment
from handful.notation import FloatArray

OLD_DAYS = 365.0
BACKWARDS_BLOCK = 0.01
WINDOW_QUANTILE = 0.95
LATE_SHARE = 0.01
LAST_TENTH = 0.9
LATE_Z = 4.0
LATE_DROP = 0.2
DAY = 86_400.0


def time_findings(experiment: Experiment, today: datetime | None = None) -> list[Finding]:
    """Return what the times of offers and outcomes say; `today` is now unless given."""
    offered = numeric_time(experiment.time)
    outcome = numeric_time(experiment.outcome_time)
    findings = []
    if offered is not None and outcome is not None:
        findings += _backwards(offered, outcome)
    if offered is not None and np.isfinite(offered).any():
        findings += _late(experiment, offered, outcome)
        findings += _old(experiment, offered, today or datetime.now(tz=UTC))
    return findings


def _backwards(offered: FloatArray, outcome: FloatArray) -> list[Finding]:
    wrong = outcome < offered
    count = int(wrong.sum())
    if count == 0:
        return []
    share = count / int((~np.isnan(outcome)).sum())
    message = (
        f"{count:,} outcomes ({share:.1%}) come before their offer, first on row "
        f"{int(np.flatnonzero(wrong)[0]) + 1}: an offer cannot cause what came before it."
    )
    remedy = "Check the two time columns and their zones; count only outcomes after the offer."
    level: Level = "block" if share > BACKWARDS_BLOCK else "warn"
    return [Finding("C471", level, message, remedy, count, share)]


def _late(experiment: Experiment, offered: FloatArray, outcome: FloatArray | None) -> list[Finding]:
    """Rows offered so late that their outcome window is shorter than the usual wait."""
    if outcome is not None and np.isfinite(outcome - offered).any():
        wait = float(np.nanquantile(outcome - offered, WINDOW_QUANTILE))
        cutoff = float(np.nanmax(np.maximum(offered, np.nan_to_num(outcome, nan=-np.inf)))) - wait
        late = offered > cutoff
        how = f"{WINDOW_QUANTILE:.0%} of outcomes come within {wait / DAY:.1f} days of the offer"
        if wait > 0 and float(late.mean()) > LATE_SHARE:
            return [_unripe(experiment, late, cutoff, how)]
        return []
    cutoff = float(np.nanquantile(offered, LAST_TENTH))
    late = offered > cutoff
    event = profit_events(experiment).astype(np.float64)
    n_late, n_early = int(late.sum()), int((offered <= cutoff).sum())
    if min(n_late, n_early) == 0:
        return []
    before, after = float(event[offered <= cutoff].mean()), float(event[late].mean())
    pooled = (before * n_early + after * n_late) / (n_early + n_late)
    error = float(np.sqrt(pooled * (1.0 - pooled) * (1.0 / n_early + 1.0 / n_late)))
    if error == 0.0 or (before - after) / error < LATE_Z or after > (1.0 - LATE_DROP) * before:
        return []
    how = f"profit is above its offer's median on {before:.1%} of earlier rows, {after:.1%} later"
    return [_unripe(experiment, late, cutoff, how)]


def _unripe(experiment: Experiment, late: np.ndarray, cutoff: float, how: str) -> Finding:
    when = _written(experiment, cutoff)
    message = (
        f"{int(late.sum()):,} rows ({late.mean():.1%}) were offered after {when}; their outcomes "
        f"may not have come in yet: {how}."
    )
    remedy = f"Leave them out: where = \"<time column> <= '{when}'\", or wait for their outcomes."
    return Finding("C472", "warn", message, remedy, int(late.sum()), float(late.mean()))


def _written(experiment: Experiment, moment: float) -> str:
    if experiment.time is None or experiment.time.dtype.kind != "M":
        return f"{moment:g}"
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _old(experiment: Experiment, offered: FloatArray, today: datetime) -> list[Finding]:
    if experiment.time is None or experiment.time.dtype.kind != "M":
        return []
    last = float(np.nanmax(offered))
    if today.timestamp() - last <= OLD_DAYS * DAY:
        return []
    message = (
        f"the last offer of the log is of {_written(experiment, last)[:10]}, more than "
        f"{OLD_DAYS:.0f} days ago: customers and prices may have changed since."
    )
    remedy = "Confirm on a small new test before rolling out."
    return [Finding("C470", "warn", message, remedy)]
