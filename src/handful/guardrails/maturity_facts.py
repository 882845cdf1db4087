"""The facts of the six dimensions: for each, what steps 2, 3 and 4 rest on, and what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from handful.brief.orchestration import TriggerSpec
from handful.brief.origins import origin_of
from handful.brief.readiness import ReadinessSpec
from handful.experiment.firm_tables import TableFacts
from handful.guardrails.maturity_records import Fact
from handful.guardrails.records import Facts

FULL_MATCH: Final = 0.99
"""Share of the log's customers, and of a table's rows, that count as all but strays."""
STEADY_RUNS: Final = 3
"""Runs, on as many days, that make a schedule."""
PROMPT_SECONDS: Final = 1.0
FEW_DECISIONS: Final = 100
OWN_BEST: Final = 5
"""Offers that a menu holding all must have before each customer's own best is individual."""

_Tables = tuple[TableFacts, ...]


def data_facts(facts: Facts, spec: ReadinessSpec, tables: _Tables) -> tuple[Fact, ...]:
    """Return: customers and prospects joined; two channels refreshed; one key, one source."""
    del facts
    keyed = [t for t in tables if t.key is not None]
    known = [t for t in keyed if t.matched is not None and t.matched >= spec.matched]
    customers = [t for t in known if t.kind == "customers"]
    prospects = [t for t in keyed if t.kind == "prospects" and t.keyed >= FULL_MATCH * t.rows]
    joined = bool(customers) and bool(prospects) and customers[0].key == prospects[0].key
    fresh = _fresh(tables, spec.fresh_days)
    channels = sorted({t.channel for t in fresh if t.channel is not None})
    own = [t for t in keyed if t.kind != "prospects"]
    one = (
        len({t.place for t in tables}) == 1
        and len({t.key for t in keyed}) == 1
        and bool(own)
        and all(t.matched is not None and t.matched >= FULL_MATCH for t in own)
    )
    said = "; ".join(map(_table_quote, keyed)) or "no table of customers under [readiness.tables]"
    return (
        Fact(
            joined,
            said,
            f"a table of customers that holds {spec.matched:.0%} of the log's, and one of "
            "prospects with the same key",
        ),
        Fact(
            len(channels) >= 2,
            "; ".join(map(_fresh_quote, fresh)) or _stale_quote(tables, spec.fresh_days),
            f"tables of two channels that grew steadily within {spec.fresh_days:g} days of the "
            "latest",
        ),
        Fact(
            one,
            f"{len({t.place for t in tables})} places, keys "
            + (", ".join(sorted({str(t.key) for t in keyed})) or "none"),
            "every table in one database, under one key that 99 % of the log's customers match",
        ),
    )


def _fresh(tables: _Tables, days: float) -> list[TableFacts]:
    """Return the tables that grew on several days, the last near the latest of all."""
    last = [date.fromisoformat(t.latest) for t in tables if t.latest is not None]
    if not last:
        return []
    return [
        t
        for t in tables
        if t.latest is not None
        and t.days >= STEADY_RUNS
        and (max(last) - date.fromisoformat(t.latest)).days <= days
    ]


def _table_quote(table: TableFacts) -> str:
    share = "not matched" if table.matched is None else f"{table.matched:.1%} of the log's"
    return f"{table.name}.{table.key}: {table.customers or 0:,} customers, {share}"


def _fresh_quote(table: TableFacts) -> str:
    channel = table.channel or "no channel"
    return f"{table.name} ({channel}): rows on {table.days:,} days, the last {table.latest}"


def _stale_quote(tables: _Tables, days: float) -> str:
    timed = [t for t in tables if t.latest is not None]
    listed = ", ".join(f"{t.name} last {t.latest}" for t in timed)
    return listed or f"no table with a time, so nothing within {days:g} days"


def definition_facts(facts: Facts, spec: ReadinessSpec, tables: _Tables) -> tuple[Fact, ...]:
    """Return: declared segments or rules decide; behaviour decides; each their own best of all."""
    del tables
    deciding = [use.field for use in facts.trace.uses if use.decides]
    acted = [name for name in deciding if _of_behaviour(facts, spec, name)]
    by_segment = spec.segments is not None and spec.segments in deciding
    live = len(set(facts.policy.menu) - {facts.experiment.control})
    every = live == len(facts.terms.allowed) - (facts.experiment.control in facts.terms.allowed)
    said = ", ".join(deciding[:6]) or "no field"
    return (
        Fact(
            by_segment or bool(acted),
            f"{len(deciding)} fields decide ({said})",
            "segments of your own among the fields that decide (readiness.segments), or fields of "
            "behaviour",
        ),
        Fact(
            bool(acted),
            f"{len(acted)} fields of behaviour decide ({', '.join(acted[:6]) or 'none'})",
            "fields that decide and say what customers did, not who they are",
        ),
        Fact(
            every and live >= OWN_BEST,
            f"the menu holds {live} of {len(facts.terms.allowed)} offers",
            f"every offer in the menu, {OWN_BEST} at least: each customer's own best",
        ),
    )


def _of_behaviour(facts: Facts, spec: ReadinessSpec, name: str) -> bool:
    """Tell whether a field says what a customer did: by its words, unless it was told or bought."""
    words = set(re.findall(r"[a-z]+", name.casefold()))
    if words & {word.casefold() for word in spec.demographic} or name == spec.segments:
        return False
    return origin_of(facts.asked.provenance, name).how not in ("third-party", "sensitive")


def trigger_facts(facts: Facts, spec: ReadinessSpec, tables: _Tables) -> tuple[Fact, ...]:
    """Return: segments, behaviour, then the customer's own time set messages off."""
    del spec
    if facts.brief is None:
        return ()
    triggers = facts.brief.orchestration.triggers
    used = {c.trigger for c in facts.matrix.cells if c.trigger} if facts.matrix else set()
    events = {name: count for t in tables for name, count in t.events.items()}
    counted: dict[str, int] = {}
    for name, trigger in triggers.items():
        if name in used:
            counted[trigger.kind] = counted.get(trigger.kind, 0) + events.get(name, 0)
    return tuple(
        Fact(
            _at_or_past(counted, kind),
            _trigger_quote(counted, kind),
            f"a trigger of the kind {kind!r}, used by a cell, with events counted in a table",
        )
        for kind in ("segment", "behaviour", "time")
    )


def _at_or_past(counted: dict[str, int], kind: str) -> bool:
    order = ("segment", "behaviour", "time")
    return any(counted.get(later, 0) > 0 for later in order[order.index(kind) :])


def _trigger_quote(counted: dict[str, int], kind: str) -> str:
    if not counted:
        return "no trigger is used by a cell of [orchestration]"
    listed = ", ".join(f"{name} {count:,}" for name, count in sorted(counted.items()))
    return (
        f"events by kind of trigger: {listed}"
        if kind not in counted
        else (f"{counted[kind]:,} events of the kind {kind!r}")
    )


def content_facts(facts: Facts, spec: ReadinessSpec, tables: _Tables) -> tuple[Fact, ...]:
    """Return: content by segment; by segment and channel; by person and moment."""
    del spec, tables
    cells = [c for c in facts.matrix.cells if c.state == "filled"] if facts.matrix else []
    by_offer = _contents((c.offer, c.content) for c in cells)
    several = _differing((c.offer, c.channel, c.content) for c in cells)
    kinds: Mapping[str, TriggerSpec] = facts.brief.orchestration.triggers if facts.brief else {}
    moments = [c for c in cells if c.trigger is not None and _own_moment(kinds.get(c.trigger))]
    return (
        Fact(
            len(by_offer) > 1,
            f"offers differ in content {len(by_offer)} ways, in {len(cells)} filled cells",
            "content that differs from segment to segment",
        ),
        Fact(
            bool(several),
            f"{len(several)} segments with content of its own on each channel",
            "content that differs from channel to channel within a segment",
        ),
        Fact(
            bool(several) and bool(cells) and len(moments) == len(cells),
            f"{len(moments)} of {len(cells)} filled cells are set off by behaviour or time",
            "every cell set off by what the customer did or by the customer's own time",
        ),
    )


def _own_moment(trigger: TriggerSpec | None) -> bool:
    return trigger is not None and trigger.kind in ("behaviour", "time")


def _contents(pairs: Iterable[tuple[str, str | None]]) -> set[frozenset[str]]:
    """Return the different sets of contents that offers have."""
    found: dict[str, set[str]] = {}
    for offer, content in pairs:
        found.setdefault(offer, set()).add(content or "")
    return {frozenset(contents) for contents in found.values()}


def _differing(rows: Iterable[tuple[str, str, str | None]]) -> list[str]:
    """Return the offers that have two channels or more, each with content of its own."""
    found: dict[str, dict[str, str | None]] = {}
    for offer, channel, content in rows:
        found.setdefault(offer, {})[channel.casefold()] = content
    return [
        offer
        for offer, by_channel in found.items()
        if len(by_channel) > 1 and len(set(by_channel.values())) == len(by_channel)
    ]


def automation_facts(facts: Facts, spec: ReadinessSpec, tables: _Tables) -> tuple[Fact, ...]:
    """Return: lists go out; they go out on a schedule; decisions while the customer waits."""
    del facts, spec
    runs = [t for t in tables if t.kind == "runs"]
    steady = [t for t in runs if t.steady and t.days >= STEADY_RUNS]
    prompt = [
        t
        for t in tables
        if t.kind == "decisions" and t.wait is not None
        and t.wait <= PROMPT_SECONDS and t.rows >= FEW_DECISIONS
    ]  # fmt: skip
    decided = [t for t in tables if t.kind == "decisions"]
    said = "; ".join(f"{t.name}: {t.rows:,} runs on {t.days:,} days" for t in runs)
    waited = "; ".join(f"{t.name}: {t.rows:,} decisions, {t.wait or 0:.2f} s each" for t in decided)
    return (
        Fact(any(t.rows for t in runs), said or "no table of the kind 'runs'", "a list that was "
             "sent at least once (a table of the kind 'runs')"),
        Fact(bool(steady), said or "no table of the kind 'runs'", f"{STEADY_RUNS} runs or more, "
             "no gap over twice the usual one"),
        Fact(bool(prompt), waited or "no table of the kind 'decisions'", f"{FEW_DECISIONS} "
             f"decisions or more, half of them within {PROMPT_SECONDS:g} second"),
    )  # fmt: skip


def channel_facts(facts: Facts, spec: ReadinessSpec, tables: _Tables) -> tuple[Fact, ...]:
    """Return: several channels; content adapted to each; the channel that the customer prefers."""
    del tables
    cells = facts.matrix.cells if facts.matrix else ()
    channels = sorted({c.channel.casefold() for c in cells})
    several = _differing((c.offer, c.channel, c.content) for c in cells if c.state == "filled")
    met = facts.matrix.preferred if facts.matrix else None
    share = "no column of preferred channels" if met is None else f"{met:.1%} of wishes met"
    return (
        Fact(len(channels) > 1, f"channels in use: {', '.join(channels) or 'none declared'}",
             "two channels or more in the matrix"),
        Fact(bool(several), f"{len(several)} segments with content adapted to each channel",
             "content of its own on each channel, for one segment at least"),
        Fact(met is not None and met >= spec.matched, share,
             f"{spec.matched:.0%} of customers reached on the channel they prefer "
             "(orchestration.preferred)"),
    )  # fmt: skip
