"""Metrics and verdicts of fairness in plain words."""

from __future__ import annotations

from handful.guardrails.fairness_records import MetricFrame


def frame_name(frame: MetricFrame) -> str:
    """Return what a frame compares, short enough for a table.

    Example:
        >>> frame_name.__name__
        'frame_name'
    """
    if frame.offer is not None:
        return f"Gets {frame.offer}"
    return {
        "selection_rate": "Gets any offer",
        "exclusion": "Left out",
        "price": "Mean price",
        "benefit": "Plan over no offer",
        "benefit_over_single": "Plan over the best single offer",
        "regret": "One-to-one over the plan",
    }[frame.metric]


def verdict_words(frame: MetricFrame) -> str:
    """Say what the interval of a bounded difference means, and what to do."""
    low = min(frame.by_group, key=lambda value: value.value)
    high = max(frame.by_group, key=lambda value: value.value)
    gap, bound = frame.difference, frame.bound
    seen = (
        f"{high.group} {high.value:.4g}, {low.group} {low.value:.4g}: {gap.value:.4g} apart "
        f"({gap.lo:.4g} to {gap.hi:.4g}), and {bound:.4g} is allowed."
    )
    if frame.verdict == "pass":
        return f"{seen} The whole interval is within."
    if frame.verdict == "fail":
        return (
            f"{seen} The whole interval is beyond: lower the difference with fairness.enforce, "
            "leave out the strongest proxies, or allow more and say why."
        )
    return (
        f"{seen} More than that cannot be excluded: the log is too small to tell. Allow more, run "
        "a larger experiment, or use the plan knowing this."
    )
