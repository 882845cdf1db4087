"""The disclosure test in plain words: what a stranger could guess, and what to do about it."""

from __future__ import annotations

import math

from handful.guardrails.disclosure_measures import Cell, most_of


def times(ratio: float) -> str:
    """Write a factor: two digits below ten, none above, and words where there is no end.

    Example:
        >>> times(1.4423), times(12.4), times(math.inf)
        ('1.44', '12', 'any number of')
    """
    if not math.isfinite(ratio):
        return "any number of"
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}"


def seen_words(cell: Cell) -> str:
    """Say what somebody learns who sees the offer.

    Example:
        >>> cell = Cell("ill is yes", "coupon", True, 1.25, 9, 9, 0.1, 2.0, 1.5, 2.5, 0.18, 0.1,
        ...             0.2, 1.8, 0.08)
        >>> seen_words(cell)
        "somebody who sees 'coupon' guesses 'ill is yes' 1.80 times better than before: it is \
true of 18.0 % of those who get it and of 10.0 % of all"
    """
    who = "somebody on a shared channel who" if cell.sight.startswith("nothing") else "somebody who"
    rates = (
        f"it is true of {cell.posterior:.1%} of those who get it and of {cell.base_rate:.1%} of all"
    ).replace("%", " %")
    if cell.ratio >= 1.0:
        better = f"guesses '{cell.trait}' {times(cell.lift)} times better than before"
    else:
        rarer = math.inf if cell.lift == 0 else 1.0 / cell.lift
        better = f"can rule out '{cell.trait}' {times(rarer)} times better than before"
    return f"{who} sees '{cell.sight}' {better}: {rates}"


def failed_words(cell: Cell) -> str:
    """Say what leaks and what to do."""
    return (
        f'{_capital(seen_words(cell))}. Set guardrails.repair = "cheapest", take the offer off '
        "the menu, or send it where only the customer sees it."
    )


def warned_words(cell: Cell, people: int, more: int | None) -> str:
    """Say what cannot be excluded and how many customers would tell."""
    limit = times(math.exp(min(most_of(cell), 700.0)) if math.isfinite(most_of(cell)) else math.inf)
    start = (
        f"Too little power: with {people:,} customers whose trait is known, a likelihood ratio up "
        f"to {limit} for '{cell.trait}' on seeing '{cell.sight}' cannot be excluded, and "
        f"{times(cell.bound)} is allowed."
    )
    if more is None:
        return f'{start} Learn the trait of more customers, or set guardrails.repair = "cheapest".'
    return f"{start} About n = {more:,} such customers would settle it."


def passed_words(cell: Cell) -> str:
    """Say how little can be learned at most."""
    return (
        f"Whatever somebody sees, the odds of '{cell.trait}' change at most "
        f"{times(math.exp(most_of(cell)))} times; {times(cell.bound)} is allowed."
    )


def untestable_words(attribute: str, named: tuple[tuple[str, float], ...]) -> str:
    """Say that nothing could be tested, and which features may stand for the trait."""
    start = f"Not testable: the log does not tell customers apart by '{attribute}'."
    if not named:
        return f"{start} Add the column, for testing only, to find out."
    listed = ", ".join(f"{name} ({bits:.2f} bits)" for name, bits in named)
    return (
        f"{start} Offers follow {listed}: ask of each, in a proxy audit, whether it stands for "
        f"'{attribute}', or add the column for testing only."
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
