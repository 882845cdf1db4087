"""The few inner loops that are compiled; base layer, imports nothing of the rooms."""

from handful.kernels.forest import score_forest
from handful.kernels.library import available

__all__ = ["available", "score_forest"]
