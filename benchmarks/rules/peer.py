"""EconML's policy tree on given scores: values of its trees as JSON. Run with EconML's own Python.

python benchmarks/rules/peer.py CASE.npz DEPTH MIN_ROWS
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from econml.policy import PolicyTree


def main() -> None:
    case = np.load(sys.argv[1])
    depth, least = int(sys.argv[2]), int(sys.argv[3])
    start = time.process_time()
    # The learner inside DRPolicyTree, given the same scores; honesty would hold rows back.
    tree = PolicyTree(max_depth=depth, min_samples_leaf=least, honest=False, random_state=0)
    tree.fit(case["values"], case["scores"])
    seconds = time.process_time() - start
    given = tree.predict(case["values"])
    value = case["scores"][np.arange(len(given)), given].mean()
    print(json.dumps({"value": float(value), "cpu_s": seconds}))


if __name__ == "__main__":
    main()
