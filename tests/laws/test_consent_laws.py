"""No sequence of consent events ends with a refused person trained on or targeted.

Every register is compared with a plain reading of the rules, event by event, and every use of it
with what that reading refuses.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.brief.consent import ConsentSpec
from handful.effects.records import EffectsModel
from handful.experiment.consent import resolve
from handful.experiment.consent_records import PURPOSES, Binding
from handful.experiment.consent_recount import recount
from handful.experiment.consent_rows import rights_of
from handful.experiment.leaving_out import LeaveOut
from handful.experiment.opening import open_table
from handful.experiment.records import Features, FeatureSchema
from handful.planning.consenting import assign_with_consent
from handful.policy.records import Policy

PEOPLE = ("a", "b", "7")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
NO_ACT = ("", "import", "default")
SPEC = ConsentSpec(source="events", scope="shop", requires_tier={"gift": "gold"})
CHANNELS = ("email", "post")
SIGNALS = (
    *("", "", "", "Sec-GPC: 1", "Sec-GPC: 0", "nonsense"),
    *('{"SaleOptOut": 2}', '{"SaleOptOut": 1}', '{"PersonalDataConsents": 1}'),
)


@st.composite
def event(draw):
    return {
        "customer_id": draw(st.sampled_from(PEOPLE)),
        "purpose": draw(st.sampled_from((*PURPOSES, "*", "tier:gold"))),
        "status": draw(
            st.sampled_from(("granted", "granted", "denied", "revoked", "expired", "pending"))
        ),
        "channel": draw(st.sampled_from(("", "", "email", "post"))),
        "scope": draw(st.sampled_from(("", "", "shop", "other"))),
        "source": draw(st.sampled_from(("form", "form", *NO_ACT))),
        "granted_at": draw(st.one_of(st.none(), st.integers(0, 6))),
        "expires_at": draw(st.one_of(st.none(), st.none(), st.integers(0, 9))),
        "raw_signal": draw(st.sampled_from(SIGNALS)),
    }


def day(number):
    return None if number is None else (FIRST + timedelta(days=number)).isoformat()


def table(events):
    columns = list(events[0])
    rows = {name: [e[name] for e in events] for name in columns}
    for name in ("granted_at", "expires_at"):
        rows[name] = [day(number) for number in rows[name]]
    return pa.table({name: pa.array(values, pa.string()) for name, values in rows.items()})


def said(events, person):
    """Events of one person in the words of handful, signals as refusals of everything they mean."""
    for e in events:
        if e["customer_id"] != person:
            continue
        for purpose in PURPOSES if e["purpose"] == "*" else (e["purpose"],):
            yield e | {"purpose": purpose}
        refused = {
            "Sec-GPC: 1": ("share",),
            '{"SaleOptOut": 1}': ("share",),
            '{"PersonalDataConsents": 1}': ("share", "train", "personalise"),
            "nonsense": ("share",),
        }.get(e["raw_signal"], ())
        for purpose in refused:
            yield e | {"purpose": purpose, "status": "denied", "channel": "", "scope": ""}


def cell_state(events, as_of, explicit_only):
    """yes, no or silent for the events of one purpose, channel and kind of scope."""
    late = [e["granted_at"] for e in events if e["status"] != "granted"]
    opted_out = any(e["status"] in ("denied", "revoked") for e in events)
    for e in events:
        at, until = e["granted_at"], e["expires_at"]
        after = at is not None and all(other is not None and at > other for other in late)
        valid = after and at <= as_of and (until is None or until > as_of)
        explicit = e["source"] not in NO_ACT
        if e["status"] == "granted" and valid and (explicit or not (opted_out or explicit_only)):
            return "yes"
    return "no" if opted_out else "silent"


def state(events, purpose, as_of, channel=None):
    mine = [e for e in events if e["purpose"] == purpose]
    cells = {}
    for e in mine:
        key = (e["channel"], e["scope"] in ("", "shop"))
        cells.setdefault(key, []).append(e)
    if purpose == "contact":
        cells = {k: v for k, v in cells.items() if k[0] in ("", channel)}
    tier = purpose.startswith("tier:")
    states = {key: cell_state(found, as_of, tier) for key, found in cells.items()}
    if "no" in states.values():
        return "no"
    # A grant for one channel says nothing of other purposes than contact.
    counted = ("", channel) if purpose == "contact" else ("",)
    granted = any(s == "yes" and own and c in counted for (c, own), s in states.items())
    return "yes" if granted else "silent"


def last_day(events):
    return max(e["granted_at"] for e in events if e["granted_at"] is not None)


def refused_by_rules(events, person, purpose, channel=None):
    mine = list(said(events, person))
    times = [
        e["granted_at"] for p in PEOPLE for e in said(events, p) if e["granted_at"] is not None
    ]
    found = state(mine, purpose, max(times), channel)
    return found == "no" or (found == "silent" and purpose in SPEC.consent_only)


def register_of(events):
    with open_table(table(events), "events") as log:
        return resolve(log, SPEC, CHANNELS)


timed = st.lists(event(), min_size=1, max_size=9).filter(
    lambda events: any(e["granted_at"] is not None for e in events)
)


@settings(max_examples=50, deadline=None)
@given(timed)
def test_a_register_says_what_the_rules_say(events) -> None:
    register = register_of(events)
    rights = rights_of(register, np.array([*PEOPLE, "nobody"], dtype=object))
    for at, person in enumerate(PEOPLE):
        for purpose in PURPOSES:
            wanted = refused_by_rules(events, person, purpose)
            assert rights.says_no(purpose)[at] == wanted, (person, purpose)
        for c, channel in enumerate(register.channels):
            wanted = refused_by_rules(events, person, "contact", channel)
            assert rights.channel_refused[at, c] == wanted, (person, channel)
        times = [
            e["granted_at"] for p in PEOPLE for e in said(events, p) if e["granted_at"] is not None
        ]
        joined = state(list(said(events, person)), "tier:gold", max(times)) == "yes"
        assert rights.member[at, 0] == joined
    assert not rights.known[-1]
    assert rights.refused[-1].tolist() == [p in SPEC.consent_only for p in PURPOSES]


@settings(max_examples=50, deadline=None)
@given(timed)
def test_reading_the_table_twice_by_other_means_says_the_same(events) -> None:
    people = np.array([*PEOPLE, "stranger"], dtype=object)
    register = register_of(events)
    once = rights_of(register, people)
    with open_table(table(events), "events") as log:
        again = recount(log, SPEC, register, people)
    np.testing.assert_array_equal(once.refused, again.refused)
    np.testing.assert_array_equal(once.channel_refused, again.channel_refused)
    np.testing.assert_array_equal(once.member, again.member)


def a_policy(offers):
    schema = FeatureSchema(("x",), ("number",), ((),))
    model = EffectsModel(schema, offers, np.arange(len(offers), dtype=float), (), None)
    every = np.ones((1, len(offers)), dtype=bool)
    return Policy(model, (0, 1, 2, 3), (), ("all",), every, np.zeros(2, dtype=np.int64), "USD")


@settings(max_examples=30, deadline=None)
@given(timed, st.lists(st.sampled_from((*PEOPLE, "nobody")), min_size=1, max_size=6))
def test_nobody_gets_what_they_refuse(events, customers) -> None:
    register = register_of(events)
    offers = ("none", "mail", "letter", "gift")
    channel = np.array([-1, register.channels.index("email"), register.channels.index("post"), -1])
    binding = Binding(0, 0, channel, np.array([-1, -1, -1, 0]))
    policy = a_policy(offers)
    features = Features(policy.model.schema, np.arange(float(len(customers)))[:, None])
    rights = rights_of(register, np.array(customers, dtype=object))
    decided = assign_with_consent(
        policy, features, np.zeros(len(customers), dtype=np.int64), rights, binding
    )
    for at, person in enumerate(customers):
        unknown = person == "nobody"
        offer = offers[decided.offer[at]]
        personal = unknown or refused_by_rules(events, person, "personalise")
        collected = not unknown and refused_by_rules(events, person, "collect")
        if personal or collected:
            assert offer == "none"
            assert np.isnan(decided.expected_profit[at])
        way = {"mail": "email", "letter": "post"}.get(offer)
        if offer != "none":
            assert not refused_by_rules(events, person, "contact", way)


@settings(max_examples=25, deadline=None)
@given(timed, st.lists(st.sampled_from((*PEOPLE, "nobody")), min_size=1, max_size=12))
def test_a_log_holds_nobody_who_refuses_and_loses_nobody_else(events, customers) -> None:
    asked = LeaveOut(register_of(events), "id")
    log_table = pa.table({"id": customers, "x": range(len(customers))})
    with open_table(log_table, "log", asked=asked) as log:
        kept = log.con.sql("SELECT id, x FROM log").fetchall()
        left = log.left_out
    wanted = [
        (person, x)
        for x, person in enumerate(customers)
        if person != "nobody"
        and not any(refused_by_rules(events, person, p) for p in ("collect", "train", "measure"))
    ]
    assert kept == wanted
    assert left.rows == len(customers) - len(wanted)
