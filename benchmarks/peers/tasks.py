"""The records a benchmark passes between processes: a learning task, and what a method made of it.

A task is what every method may see: the learning rows and the features of the test rows. Truth
and test outcomes stay with the judge. Files are .npz without pickled objects.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Task:
    """One learning problem: learn from n rows, score m test rows for G offers (0 = control).

    Attributes:
        values: (n, p) features; level codes for categories, NaN where missing.
        levels: (p,) number of levels of a category, 0 for a number.
        offer: (n,) code of the offer received.
        profit: (n,) realised profit, money per row.
        stratum, cluster: (n,) codes of the design.
        by_stratum: (S, G) design probabilities, the same for every method.
        support: (S, G) True where the offer may be given.
        test_values, test_stratum: the rows to decide for.
    """

    values: np.ndarray
    levels: np.ndarray
    offer: np.ndarray
    profit: np.ndarray
    stratum: np.ndarray
    cluster: np.ndarray
    by_stratum: np.ndarray
    support: np.ndarray
    test_values: np.ndarray
    test_stratum: np.ndarray

    @property
    def n_offers(self) -> int:
        return int(self.by_stratum.shape[1])


def write_task(task: Task, path: Path) -> None:
    np.savez(path, **{field.name: getattr(task, field.name) for field in fields(task)})


def task_digest(task: Task) -> str:
    """sha256 of the task's arrays: scores kept for another task are not used again."""
    digest = sha256()
    for field in fields(task):
        array = np.ascontiguousarray(getattr(task, field.name))
        digest.update(f"{field.name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_task(path: Path) -> Task:
    with np.load(path, allow_pickle=False) as file:
        return Task(**{field.name: file[field.name] for field in fields(Task)})


def design_shares(offer: np.ndarray, stratum: np.ndarray, n_offers: int) -> np.ndarray:
    """(S, G) observed shares of each offer within strata; zeros where a stratum has no rows."""
    counts = offer_counts(offer, stratum, n_offers)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)


def offer_counts(offer: np.ndarray, stratum: np.ndarray, n_offers: int) -> np.ndarray:
    counts = np.zeros((int(stratum.max()) + 1, n_offers))
    np.add.at(counts, (stratum, offer), 1.0)
    return counts
