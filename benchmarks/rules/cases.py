"""Score matrices that rules are searched on: simulated ones, and Hillstrom's own."""

from __future__ import annotations

import duckdb
import numpy as np

from handful.data import demo_path
from handful.experiment.records import Features, FeatureSchema

Case = tuple[Features, np.ndarray]


def _numbers(values: np.ndarray) -> Features:
    names = tuple(f"x{column}" for column in range(values.shape[1]))
    schema = FeatureSchema(names, ("number",) * len(names), ((),) * len(names))
    return Features(schema, np.asfortranarray(values))


def big(seed: int = 0) -> Case:
    """100,000 x 20 x 8: every offer is best somewhere, behind noise as large as a score's."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(100_000, 20))
    direction = rng.normal(size=(20, 8)) * (rng.random((20, 8)) < 0.2)
    effects = 0.3 * np.tanh(values @ direction)
    return _numbers(values), effects + rng.normal(scale=3.0, size=effects.shape)


def smooth(seed: int) -> Case:
    """20,000 x 8 x 5, effects linear in the features."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(20_000, 8))
    effects = values @ rng.normal(size=(8, 5)) * 0.3
    return _numbers(values), effects + rng.normal(scale=2.0, size=effects.shape)


def steps(seed: int) -> Case:
    """20,000 x 6 x 4: a true tree of three questions, with a step that greed does not see."""
    rng = np.random.default_rng(seed)
    values = rng.random(size=(20_000, 6))
    high = values > rng.uniform(0.3, 0.7, 6)
    cell = 2 * (high[:, 0] ^ high[:, 1]) + high[:, 2]
    effects = np.eye(4)[cell.astype(int)]
    return _numbers(values), effects + rng.normal(scale=2.0, size=effects.shape)


def noise(seed: int) -> Case:
    """5,000 x 6 x 4 with nothing to find: who fits noise best."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.lognormal(size=(5_000, 6)), 2)
    return _numbers(values), rng.standard_t(3, size=(5_000, 4))


def hillstrom(_seed: int) -> Case:
    """64,000 x 7 x 3: inverse-propensity scores of visits, an e-mail at 0.06."""
    source = demo_path("hillstrom").with_name("hillstrom.csv.gz")
    with duckdb.connect() as engine:
        log = engine.sql(
            "SELECT recency, history, mens, womens, newbie, zip_code = 'Rural' AS rural, "
            "channel = 'Web' AS web, segment, visit "
            f"FROM read_csv('{source}')"
        ).df()
    offers = np.array(["No E-Mail", "Mens E-Mail", "Womens E-Mail"])
    got = (log["segment"].to_numpy()[:, None] == offers).argmax(axis=1)
    scores = np.zeros((len(log), 3))
    scores[np.arange(len(log)), got] = 3.0 * (log["visit"].to_numpy() - 0.06 * (got > 0))
    return _numbers(log.iloc[:, :7].to_numpy(dtype=float)), scores


SMALL = {"smooth": smooth, "steps": steps, "noise": noise, "hillstrom": hillstrom}
