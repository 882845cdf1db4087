"""Features that cannot be learned from: constant, empty, id-like, infinite, mostly missing.

Constant, empty and id-like features are dropped and listed; infinite values are read as missing.
Cost O(n p), O(n log n) for a whole-number feature that could be an id.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.errors import Finding
from handful.experiment.checks.wording import listed
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.notation import FloatArray

MIN_ID_ROWS = 50
ID_LEVEL_SHARE = 0.5
MOSTLY_MISSING = 0.5


def usable_features(experiment: Experiment) -> tuple[Experiment, list[Finding]]:
    """Return the experiment with its usable features, and what was dropped or changed."""
    finite, findings = _without_infinities(experiment)
    schema, values = finite.features.schema, finite.features.values
    empty, constant, ids, kept = [], [], [], []
    for j, name in enumerate(schema.names):
        x = values[:, j]
        known = x[~np.isnan(x)]
        if known.size == 0:
            empty.append(name)
        elif known.size == x.size and known.min() == known.max():
            constant.append(name)
        elif _id_like(known, schema.kinds[j] == "category"):
            ids.append(name)
        else:
            kept.append(j)
    findings += _dropped("C410", "has one value on every row", constant)
    findings += _dropped("C411", "is empty on every row", empty)
    findings += _dropped("C412", "looks like an id (a new value on nearly every row)", ids)
    findings += _missing(schema.names, values, kept)
    if not kept:
        findings.append(_none_left())
    return replace(finite, features=_columns(finite.features, kept)), findings


def _columns(features: Features, kept: list[int]) -> Features:
    schema = features.schema
    if len(kept) == len(schema.names):
        return features
    return Features(
        FeatureSchema(
            tuple(schema.names[j] for j in kept),
            tuple(schema.kinds[j] for j in kept),
            tuple(schema.levels[j] for j in kept),
        ),
        np.asfortranarray(features.values[:, kept]),
    )


def _without_infinities(experiment: Experiment) -> tuple[Experiment, list[Finding]]:
    values = experiment.features.values
    with np.errstate(invalid="ignore"):
        bad = [j for j in range(values.shape[1]) if bool(np.isinf(values[:, j]).any())]
    if not bad:
        return experiment, []
    clean = values.copy(order="F")
    clean[np.isinf(clean)] = np.nan
    count = int(np.isinf(values).sum())
    names = [experiment.features.schema.names[j] for j in bad]
    message = f"found {count:,} infinite values in {listed(names)}; they are read as missing."
    finding = Finding("C413", "warn", message, "Correct them at the source.", count)
    return replace(experiment, features=replace(experiment.features, values=clean)), [finding]


def _id_like(known: FloatArray, category: bool) -> bool:
    """A category with a level for every other row, or whole numbers that never repeat."""
    if known.size < MIN_ID_ROWS:
        return False
    if category:
        return np.unique(known).size > ID_LEVEL_SHARE * known.size
    head = known[:1000]
    if bool((head != np.floor(head)).any()) or np.unique(head).size < head.size:
        return False
    whole = not bool((known != np.floor(known)).any())
    return whole and np.unique(known).size == known.size


def _dropped(code: str, why: str, names: list[str]) -> list[Finding]:
    if not names:
        return []
    each = f"each {why}" if len(names) > 1 else why
    message = f"dropped {len(names)} of the features, which {each}: {listed(names)}."
    remedy = "Nothing; or take them out of `features` (or add them to `exclude`)."
    return [Finding(code, "warn", message, remedy, len(names))]


def _missing(names: tuple[str, ...], values: FloatArray, kept: list[int]) -> list[Finding]:
    shares = {names[j]: float(np.isnan(values[:, j]).mean()) for j in kept}
    some = {name: share for name, share in shares.items() if share > 0.0}
    if not some:
        return []
    worst = sorted(some, key=lambda name: -some[name])
    most = [name for name in worst if some[name] > MOSTLY_MISSING]
    told = ", ".join(f"{name!r} {some[name]:.1%}" for name in worst[:6])
    message = f"{len(some)} of {len(kept)} features have missing values: {told}."
    if most:
        remedy = "Missing is a value of its own; leave out what new customers will not have."
        return [Finding("C414", "warn", message, remedy, len(some), some[worst[0]])]
    remedy = "Nothing: missing is a value of its own."
    return [Finding("C415", "note", message, remedy, len(some), some[worst[0]])]


def _none_left() -> Finding:
    return Finding(
        "C416",
        "warn",
        "no usable feature is left, so customers cannot be told apart: the plan can only compare "
        "single offers.",
        "Add columns known before the offer to `features`.",
    )
