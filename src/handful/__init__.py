"""handful: which few offers to run and who gets which, from the log of a randomised experiment."""

from __future__ import annotations

__version__ = "0.1.0"
