"""Which features stand behind the offers: where a trait is not in the log, these are its proxies.

I(offer; feature) in bits, features in at most BINS groups, corrected for the plug-in's bias.
Cost O(n p).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from handful.experiment.records import Features
from handful.notation import FloatArray, IntArray

BINS: Final = 16


def proxies(features: Features, offer: IntArray, most: int = 3) -> tuple[tuple[str, float], ...]:
    """Return the features that tell most about the offer given, strongest first.

    Args:
        features: (n, p).
        offer: (n,) codes given.
        most: how many at most.

    Returns:
        (feature, bits) above nothing.

    Cost: O(n p log n).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age", "day"), ("number",) * 2, ((), ()))
        >>> values = np.column_stack([np.arange(800) % 2, np.arange(800) // 2 % 2]).astype(float)
        >>> [name for name, _ in proxies(Features(schema, values), np.arange(800) % 2)]
        ['age']
    """
    codes = np.unique(offer, return_inverse=True)[1]
    found = [
        (name, _bits(binned(features.values[:, at]), codes))
        for at, name in enumerate(features.schema.names)
    ]
    return tuple(sorted((f for f in found if f[1] > 0), key=lambda f: -f[1])[:most])


def binned(values: FloatArray) -> IntArray:
    """Return groups of near equal size, missing in one of its own."""
    known = values[~np.isnan(values)]
    cuts = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if known.size else np.empty(0)
    binned = np.searchsorted(cuts, values, side="left") + 1
    binned[np.isnan(values)] = 0
    return binned.astype(np.int64)


def _bits(first: IntArray, second: IntArray) -> float:
    """Mutual information of two codes, corrected for bias, in bits."""
    table = np.bincount(first * (second.max() + 1) + second).astype(float)
    table = np.pad(table, (0, -table.size % int(second.max() + 1))).reshape(-1, second.max() + 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    joint = table / table.sum()
    alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    inside = joint > 0
    plain = float(np.sum(joint[inside] * np.log2(joint[inside] / alone[inside])))
    freedom = (joint.shape[0] - 1) * (joint.shape[1] - 1)
    return max(plain - float(freedom) / (2.0 * first.size * math.log(2.0)), 0.0)
