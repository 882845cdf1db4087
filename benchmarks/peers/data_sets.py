"""The data sets of the benchmark: simulated with a known truth, and real randomised experiments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from tasks import Task, design_shares, offer_counts

from handful.experiment.simulate import simulate
from handful.experiment.simulation import Simulation

TEST_CUSTOMERS = 20_000
LEARN_AT_MOST = 30_000
SUPPORT_ROWS, SUPPORT_SHARE = 50, 0.01


@dataclass(frozen=True, slots=True)
class Draw:
    """A task and what only the judge may see.

    Attributes:
        task: what methods see.
        truth: (m, G) true expected profit of the test rows, or None for real data.
        test_rows: row numbers of the test rows in the log, for real data.
    """

    task: Task
    truth: np.ndarray | None
    test_rows: np.ndarray


@dataclass(frozen=True, slots=True)
class Log:
    """A real experiment's rows, offer 0 being the control (or the dearest price)."""

    values: np.ndarray
    levels: np.ndarray
    offer: np.ndarray
    profit: np.ndarray
    stratum: np.ndarray
    cluster: np.ndarray


SIMULATED: Mapping[str, tuple[Simulation, int]] = {
    "null": (Simulation(surface="null", offers=4, features=10), 8_000),
    "types": (Simulation(surface="types", offers=5, features=10, arm_effects=0.0), 10_000),
    "smooth": (Simulation(offers=5, features=15, categories=2, missing=0.05), 12_000),
    "promotions": (Simulation(surface="promotions", offers=5), 16_000),
    "linear_quadratic": (
        Simulation(surface="linear_quadratic", offers=5, features=20, arm_effects=0.0),
        10_000,
    ),
    "strata": (Simulation(offers=4, strata=3, closed_cell=True), 10_000),
    "clusters": (Simulation(offers=4, cluster_size=4, unequal_shares=True), 12_000),
    "heavy": (Simulation(offers=3, tails="heavy", spend_rate=0.05), 20_000),
}
"""Settings and learning rows of each simulated set; every seed is also a new truth."""


def simulated(name: str, seed: int) -> Draw:
    settings, n = SIMULATED[name]
    settings = replace(settings, truth_seed=seed)
    learn = simulate(settings, n=n, random_state=seed)
    test = simulate(settings, n=TEST_CUSTOMERS, random_state=1_000 + seed)
    log = learn.experiment
    levels = np.array([len(names) for names in log.features.schema.levels])
    task = Task(
        values=log.features.values,
        levels=levels,
        offer=log.offer,
        profit=log.profit,
        stratum=log.stratum,
        cluster=log.cluster,
        by_stratum=design_shares(log.offer, log.stratum, log.n_offers),
        support=open_cells(log.offer, log.stratum, log.n_offers),
        test_values=test.experiment.features.values,
        test_stratum=test.experiment.stratum,
    )
    return Draw(task, test.truth, np.arange(TEST_CUSTOMERS))


def open_cells(offer: np.ndarray, stratum: np.ndarray, n_offers: int) -> np.ndarray:
    counts = offer_counts(offer, stratum, n_offers)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    return (counts >= SUPPORT_ROWS) & (share >= SUPPORT_SHARE)


def split(log: Log, seed: int) -> Draw:
    """Learn on a random half of the clusters, judge on the other half."""
    clusters = np.random.default_rng(seed).permutation(int(log.cluster.max()) + 1)
    learning = np.zeros(clusters.size, dtype=bool)
    learning[clusters[: clusters.size // 2]] = True
    test_rows = np.flatnonzero(~learning[log.cluster])
    place = np.empty(clusters.size, dtype=int)
    place[clusters] = np.arange(clusters.size)
    rows = np.flatnonzero(learning[log.cluster])
    rows = rows[np.argsort(place[log.cluster[rows]], kind="stable")][:LEARN_AT_MOST]
    n_offers = int(log.offer.max()) + 1
    cluster = np.unique(log.cluster[rows], return_inverse=True)[1]
    task = Task(
        values=log.values[rows],
        levels=log.levels,
        offer=log.offer[rows],
        profit=log.profit[rows],
        stratum=log.stratum[rows],
        cluster=cluster,
        by_stratum=design_shares(log.offer[rows], log.stratum[rows], n_offers),
        support=open_cells(log.offer[rows], log.stratum[rows], n_offers),
        test_values=log.values[test_rows],
        test_stratum=log.stratum[test_rows],
    )
    return Draw(task, None, test_rows)


def features_of(table: pa.Table, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """(n, p) values and (p,) number of levels; text becomes codes of sorted levels."""
    columns, levels = [], []
    for name in names:
        column = table[name]
        if pa.types.is_string(column.type):
            labels, codes = np.unique(np.array(column.to_pylist()), return_inverse=True)
            columns.append(codes.astype(float))
            levels.append(len(labels))
            continue
        columns.append(pc.cast(column, pa.float64()).to_numpy())
        levels.append(0)
    return np.asfortranarray(np.column_stack(columns)), np.array(levels)


def codes_of(table: pa.Table, name: str, order: list) -> np.ndarray:
    place = {label: code for code, label in enumerate(order)}
    return np.array([place[label] for label in table[name].to_pylist()])


def one_stratum(n: int) -> np.ndarray:
    return np.zeros(n, dtype=np.int64)


def hillstrom(path: Path, outcome: str) -> Log:
    """Profit = 0.30 x spend, or 1 x visit, less 0.05 per e-mail (all assumed)."""
    table = pyarrow.csv.read_csv(path)
    names = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    offer = codes_of(table, "segment", ["No E-Mail", "Mens E-Mail", "Womens E-Mail"])
    money = table[outcome].to_numpy().astype(float) * (0.30 if outcome == "spend" else 1.0)
    n = table.num_rows
    return Log(
        *features_of(table, names), offer, money - 0.05 * (offer > 0), one_stratum(n), np.arange(n)
    )


def social_pressure(path: Path) -> Log:
    """Profit = 20 per vote less a cost that rises with pressure (both assumed)."""
    table = pyarrow.csv.read_csv(path)
    names = ["sex", "yob", "g2000", "g2002", "p2000", "p2002", "p2004", "hh_size"]
    arms = ["Control", "Civic Duty", "Hawthorne", "Self", "Neighbors"]
    offer = codes_of(table, "treatment", arms)
    voted = codes_of(table, "voted", ["no", "yes"])
    profit = 20.0 * voted - np.array([0.0, 0.3, 0.5, 0.9, 1.6])[offer]
    cluster = np.unique(table["hh_id_derived"].to_numpy(), return_inverse=True)[1]
    return Log(*features_of(table, names), offer, profit, one_stratum(offer.size), cluster)


def penn_bonus(path: Path) -> Log:
    """Profit = -166 a week of benefits - 0.25 of the bonus of those who qualify (assumed)."""
    table = pyarrow.csv.read_csv(path)
    names = ["female", "black", "hispanic", "othrace", "dep", "recall", "agelt35", "agegt54"]
    names += ["durable", "nondurable", "lusd", "husd", "muld"]
    offer = table["tg"].to_numpy()
    weeks = table["inuidur1"].to_numpy().astype(float)
    bonus = np.array([0.0, 498.0, 498.0, 996.0, 996.0, 996.0, 996.0])[offer]
    bonus = np.where(offer == 5, bonus * np.clip(1.0 - weeks / 12.0, 0.0, None), bonus)
    window = np.array([0, 6, 12, 6, 12, 12, 12])[offer]
    profit = -166.0 * weeks - 0.25 * bonus * (weeks <= window)
    quarters = np.column_stack([table[f"q{q}"].to_numpy() for q in range(1, 7)])
    stratum = np.argmax(quarters, axis=1)
    return Log(*features_of(table, names), offer, profit, stratum, np.arange(offer.size))


def act_subsidy(path: Path) -> Log:
    """Profit = courses x (600 - subsidy) (600 a course is assumed); one design for all strata."""
    table = pyarrow.csv.read_csv(path)
    names = ["head_fem", "B_head_age_imputed", "head_edu", "head_lit", "head_mar", "head_dep"]
    names += ["subfarm", "B_hh_size", "B_adultteen", "head_acres", "B_dist_km", "dist_clinic"]
    names += ["num_bednets", "B_knowledge_correct", "B_heard_act", "treat_h2o", "B_mal_ct"]
    price = table["coartemprice"].to_numpy()
    offer = np.array([{500: 0, 40: 1, 60: 2, 100: 3}[p] for p in price])
    used = ["used_act", "used_act2", "used_act3", "used_act4"]
    courses = sum(np.nan_to_num(table[c].to_numpy().astype(float)) for c in used)
    n = offer.size
    profit = courses * (600.0 - (500.0 - price))
    return Log(*features_of(table, names), offer, profit, one_stratum(n), np.arange(n))


REAL: Mapping[str, tuple[str, Callable[[Path], Log]]] = {
    "hillstrom_visit": ("hillstrom.csv.gz", lambda path: hillstrom(path, "visit")),
    "hillstrom_spend": ("hillstrom.csv.gz", lambda path: hillstrom(path, "spend")),
    "social_pressure": ("social_pressure.csv.gz", social_pressure),
    "penn_bonus": ("penn_bonus.csv.gz", penn_bonus),
    "act_subsidy": ("act_subsidy_households.csv.gz", act_subsidy),
}
"""File name and reader of each real set; a set whose file is not found is left out, by name."""


def find_files(folders: list[Path]) -> dict[str, Path]:
    """Where each real set's file lies, below any of the folders."""
    found: dict[str, Path] = {}
    for name, (file, _) in REAL.items():
        places = [place for folder in folders for place in sorted(folder.rglob(file))]
        if places:
            found[name] = places[0]
    return found
