"""What would change our mind: the numbers on which the decision turns, and how far off they are."""

from __future__ import annotations

from handful.delivery.report.figures import (
    decimals,
    interval,
    lookup,
    measured,
    money,
    plain,
)
from handful.delivery.report.sections import shown_menu
from handful.delivery.report.wording import Sentence, chosen_position, quoted, quoted_menu
from handful.evidence.records import Estimate
from handful.planning.records import Plan
from handful.planning.sensitivity_records import StabilityBand


def doubts(plan: Plan) -> tuple[Sentence, ...]:
    """Return what would change the decision, the nearest first.

    Args:
        plan: the plan.

    Returns:
        Sentences; never empty.
    """
    found = (
        *_targeting(plan),
        *_paying(plan),
        *_assumed(plan),
        *_guardrails(plan),
        *_findings(plan),
    )
    always: Sentence = (
        "A new experiment, or outcomes of a holdout, that contradict the values above: "
        "customers, prices and competitors change after the log ends.",
    )
    return (*found, always)


def _targeting(plan: Plan) -> tuple[Sentence, ...]:
    """Say what a menu of several would have to show, or what the plan's menu would have to lose."""
    at = chosen_position(plan) if plan.verdict.kind == "handful" else shown_menu(plan)
    if at is None:
        return ()
    point = plan.frontier[at]
    field = f"frontier.{at}.gain_over_single"
    places = decimals((point.gain_over_single,))
    gain = interval(plan, field, places)
    if plan.verdict.kind == "handful":
        extra = money(plan, f"frontier.{at}.cost", max(places, 4))
        return (
            (
                "One offer for everybody, if the lead of this menu over the best single offer, ",
                gain,
                ", fell to nothing on new customers, or if its costs, now ",
                extra,
                " per customer, ate it up.",
            ),
        )
    low = "" if point.gain_over_single.lo <= 0 else ", and the lead over every single offer"
    return (
        (
            f"{point.offers} offers ({quoted_menu(point.menu)}), if their lead over the best "
            "single offer, ",
            gain,
            f", were shown to be above zero after their set-up cost{low}: a larger experiment "
            "would tell.",
        ),
    )


def _paying(plan: Plan) -> tuple[Sentence, ...]:
    """Say what would make the best single offer pay, or stop paying."""
    gain = plan.verdict.gain
    if plan.verdict.kind == "no_offer":
        if plan.reference.no_offer is None:
            return ()
        name = plan.reference.best_single.offer
        best = "The best single offer" if name is None else quoted(name)
        places = decimals((plan.reference.best_single,))
        return (
            (
                f"{best}, if it were shown to be worth more than no offer: it is worth ",
                interval(plan, "reference.best_single", places),
                " against ",
                interval(plan, "reference.no_offer", places),
                ".",
            ),
        )
    if gain is None or plan.verdict.kind != "one_offer" or plan.reference.no_offer is None:
        return ()
    part: Estimate = gain.better_single
    return (
        (
            "No offer, if the best single offer's lead over it, ",
            interval(plan, "verdict.gain.better_single", decimals((part,))),
            ", were lost: through a dearer offer, a lower margin, or customers who change.",
        ),
    )


def _assumed(plan: Plan) -> tuple[Sentence, ...]:
    """Say at which set-up cost, and with which other assumption, the advice would be another."""
    known = plan.sensitivity
    if known is None:
        return ()
    planned = (known.planned.verdict, known.planned.menu)
    found: list[Sentence] = []
    found += _set_up(plan, known.band)
    for at, row in enumerate(known.rows):
        found += [
            _turned(plan, f"sensitivity.rows.{at}.{side}", row.name)
            for side, end in (("low", row.low), ("high", row.high))
            if end is not None and (end.verdict, end.menu) != planned
        ]
    return tuple(found)


def _set_up(plan: Plan, band: StabilityBand | None) -> tuple[Sentence, ...]:
    """Say at which cost of setting an offer up the number of offers would be another."""
    if band is None:
        return ()
    money_word = f" {plan.experiment.currency} in total."
    found: list[Sentence] = []
    if band.highest is not None:
        fewer = "Fewer offers" if band.offers > 1 else "No offer"
        found.append((f"{fewer}, if setting one up cost more than ",
                      plain(plan, "sensitivity.band.highest", 0), money_word))  # fmt: skip
    if band.lowest > 0:
        found.append(("More offers, if setting one up cost less than ",
                      plain(plan, "sensitivity.band.lowest", 0), money_word))  # fmt: skip
    return tuple(found)


def _turned(plan: Plan, field: str, name: str) -> Sentence:
    """Say what the advice would be with one number moved to one end of its range."""
    end = lookup(plan, field)
    advice = f"{end.verdict.replace('_', ' ')}: {quoted_menu(end.menu)}" if end.menu else "no offer"
    gain = interval(plan, f"{field}.gain", decimals((end.gain,)))
    return (
        f"{name.replace('_', ' ').capitalize()}, if it were ",
        measured(plan, f"{field}.at"),
        f": the advice would be {advice}, with a gain of ",
        gain,
        " per customer.",
    )


def _guardrails(plan: Plan) -> tuple[Sentence, ...]:
    """Name what fails or only warns, for those can stop the plan."""
    found: list[Sentence] = []
    for at, result in enumerate(plan.guardrails):
        if result.verdict not in ("fail", "warn"):
            continue
        state = "fails" if result.verdict == "fail" else "only warns now"
        sentence: Sentence = (f"Guardrail {result.name}, which {state}",)
        if result.value is not None and result.bound is not None:
            sentence += (
                ": measured ",
                measured(plan, f"guardrails.{at}.value"),
                " against a bound of ",
                measured(plan, f"guardrails.{at}.bound"),
            )
        found.append((*sentence, "."))
    return tuple(found)


def _findings(plan: Plan) -> tuple[Sentence, ...]:
    warned = [finding for finding in plan.findings if finding.level == "warn"]
    return tuple((f"A finding about the data ({f.code}): {f.message}",) for f in warned)
