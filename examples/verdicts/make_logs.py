"""Makes the four small simulated logs of this folder again.

    python examples/verdicts/make_logs.py

Their truth is known: customers alike, three types of customers, four, and a village of 240.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from handful.experiment.simulate import Simulation, simulate

HERE = Path(__file__).parent
LOGS = {
    "alike": (Simulation(surface="null", offers=3, features=4, arm_effects=0.6), 3_000),
    "three_types": (
        Simulation(surface="types", offers=5, features=4, types=3, arm_effects=0.0),
        3_000,
    ),
    "four_types": (
        Simulation(surface="types", offers=5, features=4, types=4, arm_effects=0.0),
        3_000,
    ),
    "village": (Simulation(surface="types", offers=3, features=4, types=2), 240),
}
"""Name -> what to simulate, and customers."""


def write_log(name: str) -> Path:
    """Write one log as csv.gz, the same bytes every time."""
    settings, customers = LOGS[name]
    log = simulate(settings, n=customers, random_state=1).experiment
    rng = np.random.default_rng(2)
    late = rng.random(customers) < 0.03
    sent = log.offer != log.control
    lines = ["offer,profit,late," + ",".join(log.features.schema.names)]
    for row in range(customers):
        features = ",".join(f"{value:.2f}" for value in log.features.values[row])
        known = str(int(late[row])) if sent[row] else ""
        lines.append(f"{log.offers[log.offer[row]]},{log.profit[row]:.2f},{known},{features}")
    path = HERE / f"{name}.csv.gz"
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())
    return path


if __name__ == "__main__":
    for each in LOGS:
        write_log(each)
