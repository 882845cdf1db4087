"""What `handful size` says on the terminal: short sentences, every number with its origin."""

from __future__ import annotations

from typing import Final

from handful.delivery.report.figures import money_text, percent_text
from handful.sizing.records import BreakEven, DryRun, Known, Need, Rate, Sizing

QUESTIONS: Final = {
    "best offer": "Is the best offer better than none?",
    "heterogeneity": "Do customers differ in what an offer does to them?",
    "menu of two": "Do two offers beat every single offer?",
    "next offer": "Does offer number {offers} earn its place?",
}
"""A question in the reader's words."""

SEEN: Final = {
    "best offer": "a gain of {effect} per customer",
    "heterogeneity": "customers' own effects with a spread of {effect}",
    "menu of two": "a gain of {effect} from targeting, if effects were known",
    "next offer": "a further gain of {effect}",
}
"""What the question wants to see."""

KNOWN: Final = {
    "baseline": "mean profit without an offer",
    "sd": "standard deviation of profit",
    "gain": "smallest gain worth knowing",
    "heterogeneity": "spread of customers' own effects",
    "targeting": "gain of targeting, effects known",
    "explained": "share of variance that features explain",
    "icc": "correlation within clusters",
    "cluster_size": "customers of a cluster",
    "features": "features a decision may read",
}
"""What is known beforehand, in the reader's words."""

MONEY: Final = frozenset({"baseline", "sd", "gain", "heterogeneity", "targeting"})


def digits(value: float) -> int:
    """Return the decimals that show three significant digits of a sum.

    Example:
        >>> digits(0.0123), digits(41.0)
        (4, 2)
    """
    places = 2
    while places < 6 and abs(value) * 10**places < 100 and value != 0.0:
        places += 1
    return places


def sum_of(value: float, currency: str) -> str:
    """Return a sum with three significant digits.

    Example:
        >>> sum_of(0.0564, "USD")
        '$0.0564'
    """
    return money_text(value, currency, digits(value))


def asks(need: Need) -> str:
    """Return the question of a need."""
    return QUESTIONS[need.question].format(offers=need.offers)


def wants(need: Need, currency: str) -> str:
    """Return what a need wants to see."""
    return SEEN[need.question].format(effect=sum_of(need.effect, currency))


def size_lines(sizing: Sizing) -> list[str]:
    """Return the lines of the terminal.

    Args:
        sizing: the answer.

    Returns:
        Lines, without findings.
    """
    lines = [headline(sizing), f"  {sizing.design}", "What each question takes:"]
    lines += [f"  {_need_line(need, sizing)}" for need in sizing.needs]
    if sizing.available is not None:
        lines.append(f"What the {sizing.available:,} rows at hand can see:")
        lines += [f"  {hand_line(need, sizing)}" for need in sizing.needs]
    lines.append("Offers to try:")
    lines += [f"  {arm.name}: {percent_text(arm.share)}, {arm.rows:,} rows" for arm in sizing.arms]
    lines += ["Does it pay?", *(f"  {line}" for line in pays_lines(sizing))]
    if sizing.dry_run is not None:
        lines += ["Dry run:", *(f"  {line}" for line in dry_lines(sizing.dry_run))]
    lines.append("Reckoned from:")
    lines += [f"  {known_line(one, sizing.currency)}" for one in sizing.facts.known]
    return [line.replace("\xa0", " ") for line in lines]


def headline(sizing: Sizing) -> str:
    """Return the answer in one sentence."""
    offers = len(sizing.arms)
    if sizing.rows is None:
        return f"No number of rows answers every question with these {offers} offers."
    return (
        f"{sizing.rows:,} rows answer every question with {percent_text(sizing.power)} power: "
        f"{offers} offers, {min(arm.rows for arm in sizing.arms):,} rows or more each."
    )


def _need_line(need: Need, sizing: Sizing) -> str:
    if need.rows is None:
        return f"{asks(need)} No number of rows is enough: {need.why}."
    least = min(arm.share for arm in sizing.arms)
    each = -(-int(need.rows * least * 1e6) // 1_000_000)
    wanted = wants(need, sizing.currency)
    text = f"{asks(need)} {need.rows:,} rows ({each:,} an offer), to see {wanted}."
    if need.realised is not None:
        text += f" A plan learned on them keeps about {percent_text(need.realised)} of it."
    return text


def hand_line(need: Need, sizing: Sizing) -> str:
    """Return what the rows at hand can do for one question."""
    least = (
        "nothing, however large"
        if need.detectable is None
        else f"{sum_of(need.detectable, sizing.currency)} at the least"
    )
    chance = percent_text(need.at_hand or 0.0)
    return f"{asks(need)} {least}; {sum_of(need.effect, sizing.currency)} is seen in {chance}."


def pays_lines(sizing: Sizing) -> list[str]:
    """Return what is to be said of break-even."""
    found, currency = sizing.break_even, sizing.currency
    if found.needed is None:
        return [found.why]
    if found.launch == "not known yet":
        needed = sum_of(found.needed, currency)
        return [
            f"It pays within {found.horizon:g} months from {needed} per customer on.",
            found.why,
        ]
    lines = [f"{_LAUNCH[found.launch]} {_gain_words(found, currency)}"]
    lines.append(
        f"It pays back within {found.horizon:g} months from "
        f"{sum_of(found.needed, currency)} per customer on."
    )
    lines.append(_months_words(found))
    if found.expected_lo is not None and found.gain.lo is None:
        lines.append(
            "The gain stated has no interval. If the experiment comes out so, the lower end of "
            f"its 95 % interval will be about {sum_of(found.expected_lo, currency)}."
        )
    if found.rows_to_prove is not None:
        lines.append(f"To prove that it pays takes {found.rows_to_prove:,} rows.")
    return lines


_LAUNCH: Final = {
    "pays": "Yes.",
    "not shown to pay": "Not shown: do not launch yet.",
    "never pays": "No: the launch is not worth it.",
}


def _gain_words(found: BreakEven, currency: str) -> str:
    gain = found.gain
    value = sum_of(gain.value, currency)
    if gain.lo is None or gain.hi is None:
        return f"Reckoned with a gain of {value} per customer ({gain.origin})."
    ends = f"{sum_of(gain.lo, currency)} to {sum_of(gain.hi, currency)}"
    return f"Reckoned with a gain of {value} per customer ({ends}, {gain.origin})."


def _months_words(found: BreakEven) -> str:
    if found.months is None:
        return "It never pays back: a month costs more than it brings."
    text = f"It has paid back after {found.months:.1f} months"
    if found.gain.lo is None:
        return text + "."
    slow = "never" if found.months_hi is None else f"{found.months_hi:.1f}"
    fast = "never" if found.months_lo is None else f"{found.months_lo:.1f}"
    return f"{text} ({fast} at the upper end of the gain, {slow} at the lower)."


def dry_lines(found: DryRun) -> list[str]:
    """Return what the dry run said."""
    return [found.note, *(rate_line(rate) for rate in found.rates)]


def rate_line(rate: Rate) -> str:
    """Return one share of the dry run with its interval."""
    expected = "" if rate.expected is None else f"; {_promised(rate)}"
    return (
        f"{rate.name[:1].upper()}{rate.name[1:]}: {rate.hits} of {rate.runs} "
        f"({percent_text(rate.lo)} to {percent_text(rate.hi)}{expected})."
    )


def _promised(rate: Rate) -> str:
    share = percent_text(rate.expected or 0.0)
    return (
        f"at most {share} wanted" if "nobody differs" in rate.name else f"{share} or more promised"
    )


def known_line(one: Known, currency: str) -> str:
    """Return one thing known beforehand, with its interval where it has one."""
    value = known_value(one, currency)
    ends = ""
    if one.lo is not None and one.hi is not None:
        ends = f" ({sum_of(one.lo, currency)} to {sum_of(one.hi, currency)})"
    why = f": {one.why}" if one.why else ""
    return f"{KNOWN[one.name]}: {value}{ends}, {one.origin}{why}"


def known_value(one: Known, currency: str) -> str:
    """Return the value of a fact as it is written."""
    if one.name in MONEY:
        return sum_of(one.value, currency)
    return f"{one.value:.4g}"
