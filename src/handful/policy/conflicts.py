"""The smallest set of limits that cannot hold together, with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final, NoReturn

import numpy as np

from handful.errors import BriefError, blocked
from handful.notation import IntArray
from handful.policy.allocation_programme import Relaxed, merge, relax
from handful.policy.allocation_records import Limit, Problem

MOST_ROWS: Final = 20_000
MOST_SETS: Final = 400
TOLERANCE: Final = 1e-6


def conflicting(problem: Problem) -> tuple[int, ...]:
    """Return the positions of a smallest set of limits that cannot hold together; () if all can.

    Breaking limits is made as cheap as can be; those whose price is then above 0 conflict. What can
    be taken out of that set is, one by one; then every smaller set of limits is tried.

    Args:
        problem: its values are not looked at; more than 20,000 customers who differ are thinned.

    Cost: one programme a set tried, some tens in all.

    Example:
        >>> two = (Limit("a", high=1.0, offers=(0,)), Limit("b", low=3.0, offers=(0,)))
        >>> conflicting(Problem(np.zeros((4, 2)), None, two))
        (0, 1)
    """
    if not problem.limits:
        return ()
    task = _thinned(replace(problem, values=np.zeros(problem.values.shape)))
    everything = tuple(range(len(problem.limits)))
    found = _break_least(task, everything)
    if not _broken(task, everything, found):
        return ()
    core = [c for c in everything if abs(found.prices[c]) > TOLERANCE]
    if not _conflict(task, core):
        core = list(everything)
    for c in list(core):
        rest = [other for other in core if other != c]
        if rest and _conflict(task, rest):
            core = rest
    return _smaller(task, everything, tuple(core))


def refuse_conflict(problem: Problem) -> NoReturn:
    """Refuse limits that cannot hold together, naming the smallest set that cannot.

    Raises:
        BriefError: P730, always.
    """
    found = conflicting(problem) or tuple(range(len(problem.limits)))
    limits = [problem.limits[c] for c in found]
    named = "; ".join(said(limit) for limit in limits)
    n = len(problem.values)
    message = (
        f"these limits cannot hold together for these {n:,} customers: {named}."
        if len(limits) > 1
        else f"this limit cannot hold for these {n:,} customers: {named}."
    )
    remedy = "Loosen one of them; any one is enough." if len(limits) > 1 else "Loosen it."
    raise BriefError(blocked("P730", message, remedy))


def said(limit: Limit) -> str:
    """Return a limit in words.

    Example:
        >>> said(Limit("capacity.mail", high=20.0))
        'capacity.mail at most 20'
    """
    sides = []
    if np.isfinite(limit.low):
        sides.append(f"at least {limit.low:,.10g}")
    if np.isfinite(limit.high):
        sides.append(f"at most {limit.high:,.10g}")
    return f"{limit.name} {' and '.join(sides)}"


def _thinned(problem: Problem) -> Problem:
    """Keep all customers where their types are few, else a sample with bounds to match."""
    n = len(problem.values)
    if n <= MOST_ROWS or len(merge(problem)[0]) <= MOST_ROWS:
        return problem
    rows: IntArray = np.sort(np.random.default_rng(0).choice(n, MOST_ROWS, replace=False))
    part, share = problem.take(rows), MOST_ROWS / n
    scaled = tuple(replace(x, low=x.low * share, high=x.high * share) for x in part.limits)
    return replace(part, limits=scaled)


def _break_least(problem: Problem, chosen: Sequence[int]) -> Relaxed:
    return relax(replace(problem, limits=tuple(problem.limits[c] for c in chosen)), dear=(1.0,))


def _conflict(problem: Problem, chosen: Sequence[int]) -> bool:
    return _broken(problem, chosen, _break_least(problem, chosen))


def _broken(problem: Problem, chosen: Sequence[int], found: Relaxed) -> bool:
    bounds = [problem.limits[c] for c in chosen]
    size = np.array([min(abs(x.low), abs(x.high)) for x in bounds])
    return bool((found.broken > TOLERANCE * (1.0 + size)).any())


def _smaller(problem: Problem, every: tuple[int, ...], core: tuple[int, ...]) -> tuple[int, ...]:
    """Return a smaller conflicting set than the core where there is one."""
    tried = 0
    for size in range(1, len(core)):
        for chosen in combinations(every, size):
            tried += 1
            if tried > MOST_SETS:
                return core
            if _conflict(problem, chosen):
                return chosen
    return core
