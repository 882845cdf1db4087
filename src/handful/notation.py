"""Symbols, array aliases and units that every room shares.

n customers i, G offers g, profit y in money per customer, P (n x G) predicted profit,
Gamma (n x G) doubly robust scores, S a menu of at most K offers. Greek only in formulas.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
AnyFloatArray: TypeAlias = NDArray[np.floating[Any]]
"""A float32 or float64 array."""

SCHEMA_PLAN = "handful.plan/1"
"""Name and version of the plan.json format."""

SCHEMA_POLICY = "handful.policy/1"
"""Name and version of the policy artefact format."""

SCHEMA_DATA_USE = "handful.data-use/1"
"""Name and version of the data-use manifest."""
