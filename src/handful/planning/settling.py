"""Which policy a plan ends with: its menu, small offers merged, mended, held to its limits."""

from __future__ import annotations

from dataclasses import dataclass

from handful.brief.guardrails import GuardrailsSpec
from handful.effects.records import EffectsModel
from handful.evidence.evidence import Evidence
from handful.evidence.ruling import final_rule
from handful.guardrails.audience import AudienceMerge
from handful.guardrails.repair_records import Repair, RepairCase
from handful.guardrails.repair_search import find_repair
from handful.planning.consenting import assign_with_consent
from handful.planning.constrained import Limited, limit_plan
from handful.planning.facts import offer_points
from handful.planning.falling_back import FallBack, fallen_policy, find_fall_back
from handful.planning.job import Job
from handful.planning.merging import merged_policy
from handful.planning.repairing import mended_policy
from handful.planning.rollout import kept_from
from handful.policy.policy import assign
from handful.policy.records import Assignment, Policy, RuleTree


@dataclass(frozen=True, slots=True)
class Settled:
    """The policy of a plan and how it came to be.

    Attributes:
        policy: who gets which.
        menu: offers that segments are told for.
        tree: the rule over its menu; None where everybody gets the same.
        assignment: what every row of the log gets.
        merge: offers merged for their small audience.
        case, repair: what it would take to tell no more than allowed, where that was looked for.
        mended: whether the repair is in the policy.
        limited: the plan under limits on all customers together.
        fall: the segments beside the default, and which of them get it.
    """

    policy: Policy
    menu: tuple[int, ...]
    tree: RuleTree | None
    assignment: Assignment
    merge: AudienceMerge | None
    case: RepairCase | None
    repair: Repair | None
    mended: bool
    limited: Limited | None
    fall: FallBack


def settle_policy(
    job: Job, evidence: Evidence, model: EffectsModel, asked: GuardrailsSpec
) -> Settled:
    """Settle who gets which: menu, small offers, who falls back to the default, repair, limits.

    Cost: an assignment of the log and a rule; more where something has to be changed.
    """
    experiment, fit = job.experiment, evidence.first
    menu = _menu_codes(job, evidence)
    tree = None if len(menu) == 1 else final_rule(experiment, fit, menu, job.terms)
    policy, merge = merged_policy(
        experiment, fit, job.terms, _policy(job, model, menu, tree), asked
    )
    fall = find_fall_back(job, evidence, policy, asked)
    policy = fallen_policy(policy, fall)
    case = _case(job, evidence, policy, asked)
    repair = None if case is None else find_repair(case)
    final = policy if case is None else mended_policy(case, repair)
    if final.menu != menu:
        several = len(final.menu) > 1
        tree = _tree(job, evidence, final) if several else None
    limited = _limited(job, evidence, final)
    return Settled(
        policy=final if limited is None else limited.policy,
        menu=final.menu,
        tree=tree,
        assignment=_kept(job, _assign(job, final) if limited is None else limited.assignment),
        merge=merge,
        case=case,
        repair=repair,
        mended=final is not policy,
        limited=limited,
        fall=fall,
    )


def _tree(job: Job, evidence: Evidence, policy: Policy) -> RuleTree:
    """Return the rule over a menu that was changed: the policy's own where one decides."""
    if policy.rule is not None:
        return policy.rule
    return final_rule(job.experiment, evidence.first, policy.menu, job.terms)


def _menu_codes(job: Job, evidence: Evidence) -> tuple[int, ...]:
    """Return the codes of the offers to run: the control alone when the verdict is no offer."""
    kind, limits = evidence.verdict.kind, job.terms.limits
    control = job.experiment.control
    if evidence.verdict.offers in evidence.menus:
        menu = evidence.menus[evidence.verdict.offers]
    else:
        menu = (control,) if kind == "no_offer" and control is not None else (evidence.single,)
    # Under limits whoever is left out gets the base.
    return menu if limits is None else tuple(sorted({*menu, limits.base}))


def _policy(job: Job, model: EffectsModel, menu: tuple[int, ...], tree: RuleTree | None) -> Policy:
    """Return who gets which: by the predictions, or by the rule where the brief says so."""
    experiment = job.experiment
    return Policy(
        model=model,
        menu=menu,
        strata_columns=experiment.strata_columns,
        strata=experiment.strata,
        support=experiment.design.support,
        fallback=job.terms.by_stratum,
        currency=experiment.currency,
        rule=tree if job.terms.by_rule else None,
        points=offer_points(experiment),
    )


def _case(job: Job, evidence: Evidence, policy: Policy, asked: GuardrailsSpec) -> RepairCase | None:
    """Return the plan as a repair sees it; None where none is looked for.

    Under limits on all customers together chance would break what was allocated.
    """
    if not asked.sensitive or len(policy.menu) < 2 or job.terms.limits is not None:
        return None
    return RepairCase(
        experiment=job.experiment,
        fit=evidence.first,
        terms=job.terms,
        asked=asked,
        policy=policy,
        decide=lambda other: _assign(job, other).offer,
        free=job.experiment.consent is None,
        seed=job.random_state,
    )


def _limited(job: Job, evidence: Evidence, policy: Policy) -> Limited | None:
    """Hold the plan to its limits, where the brief sets some on all customers together."""
    if job.terms.limits is None:
        return None
    models = job.amounts.models()
    return limit_plan(job.experiment, evidence.first, job.terms, policy, models)


def _kept(job: Job, decided: Assignment) -> Assignment:
    """Send nothing to who is held out or has had enough messages."""
    log = job.experiment
    return kept_from(decided, log.customers, log.control, job.contacts, job.rollout)


def _assign(job: Job, policy: Policy) -> Assignment:
    """Decide for every row of the log, consent respected."""
    log, found = job.experiment, job.experiment.consent
    ids = None if policy.chance is None else log.customers.tolist()
    if found is None:
        return assign(policy, log.features, log.stratum, ids)
    rights, binding = found.rights, found.gate.binding
    return assign_with_consent(policy, log.features, log.stratum, rights, binding, ids)
