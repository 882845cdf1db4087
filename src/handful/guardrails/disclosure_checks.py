"""Names under [guardrails] that fit neither the log nor each other, found before learning."""

from __future__ import annotations

from collections.abc import Iterator

from handful.brief.guardrails import GuardrailsSpec
from handful.brief.reader import did_you_mean
from handful.errors import BriefError, Finding, blocked
from handful.experiment.records import Experiment


def check_disclosure(asked: GuardrailsSpec, experiment: Experiment) -> None:
    """Refuse channels of offers that do not exist, bounds and cuts of columns not tested.

    Args:
        asked: the [guardrails] table.
        experiment: the log.

    Raises:
        BriefError: G020 a bound or a cut for a column that is not sensitive; G021 a channel for an
            offer that the log does not have; G022 a cut of a column that is no number. All at once.

    Cost: O(names).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> try:
        ...     check_disclosure(GuardrailsSpec(disclosure_bounds={"ill": 1.5}), log)
        ... except BriefError as error:
        ...     print(error.findings[0].code)
        G020
    """
    findings = [*_strange_columns(asked), *_strange_offers(asked, experiment)]
    findings += _wrong_cuts(asked, experiment)
    if findings:
        raise BriefError(findings)


def _strange_columns(asked: GuardrailsSpec) -> Iterator[Finding]:
    tables = {
        "disclosure_bounds": asked.disclosure_bounds,
        "sensitive_cuts": asked.sensitive_cuts,
    }
    for key, table in tables.items():
        for name in table:
            if name not in asked.sensitive:
                message = f"guardrails.{key} names '{name}', which guardrails.sensitive does not."
                yield blocked("G020", message, did_you_mean(name, asked.sensitive))


def _strange_offers(asked: GuardrailsSpec, experiment: Experiment) -> Iterator[Finding]:
    for name in asked.channels:
        if name not in experiment.offers:
            message = f"guardrails.channels names an offer '{name}' that the log does not have."
            yield blocked("G021", message, did_you_mean(name, experiment.offers))


def _wrong_cuts(asked: GuardrailsSpec, experiment: Experiment) -> Iterator[Finding]:
    held = experiment.held_apart
    kinds = {} if held is None else dict(zip(held.schema.names, held.schema.kinds, strict=True))
    for name in asked.sensitive_cuts:
        if kinds.get(name) == "category":
            message = f"guardrails.sensitive_cuts cuts '{name}', which is text and no number."
            yield blocked("G022", message, "Take it out: each of its values is a trait of its own.")
