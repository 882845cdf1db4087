"""What the studio's pages are drawn from: one frozen record a page, of plain values.

The server fills them; `pages/` turns each into HTML and reads nothing else:

    pages.home.render_home(HomePage)                 pages.reviews.render_reviews(ReviewsPage)
    pages.whatif.render_whatif(WhatIfPage)           pages.release.render_release(ReleasePage)
    pages.customers.render_customers(CustomersPage)  pages.history.render_history(HistoryPage)
    pages.compare.render_compare(ComparePage)        pages.login.render_login(LoginPage)
    pages.content.render_content(ContentPage)        pages.problem.render_problem(ProblemPage)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Action: TypeAlias = Literal["release", "rollback"]
Answered: TypeAlias = Literal["fine", "not fine"]


@dataclass(frozen=True, slots=True)
class Release:
    """One line of the history; lines are added, never changed.

    Attributes:
        id: 1, 2, ... in order of time.
        plan: its id.
        name: of the plan's folder.
        by: who signed.
        reason: in their words.
        at: UTC, such as 2026-03-31T12:00:00Z.
        action: release, or rollback to an earlier one.
        content: hash of the offer names and texts it was released with.
        back_to: number of the release that a rollback went back to.
    """

    id: int
    plan: str
    name: str
    by: str
    reason: str
    at: str
    action: Action
    content: str
    back_to: int | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a plan may not be released now: a finding in words."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan as a list shows it.

    Attributes:
        id: 12 hex digits of a sha256 of what plan.json says; the same after an erasure.
        name: of its folder.
        verdict: kind of plan.json's verdict.
        offers: live offers.
        value: held-out money per customer of the menu that is advised; None without one.
        lo: its band.
        hi: its band.
        currency: of the money.
        served: is it the one that is served?
        releasable: did every guardrail pass, or does somebody answer for it?
        live: can what-if questions be asked of it?
        has_report: is report.html in the folder?
    """

    id: str
    name: str
    verdict: str
    offers: int
    value: float | None
    lo: float | None
    hi: float | None
    currency: str | None
    served: bool
    releasable: bool
    live: bool
    has_report: bool


@dataclass(frozen=True, slots=True)
class NotServed:
    """A folder that was named on the command line and cannot be shown, and why."""

    name: str
    findings: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows around its own matter.

    Attributes:
        plans: that can be looked at.
        refused: folders that cannot.
        served: the latest release; None before the first.
        served_ready: False when the plan that was released is not among those given now.
        signed_in: was a token asked for and given? Then there is a way to sign out.
    """

    plans: tuple[PlanLine, ...]
    refused: tuple[NotServed, ...] = ()
    served: Release | None = None
    served_ready: bool = True
    signed_in: bool = False


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as its pages show it.

    Attributes:
        line: as in the list.
        document: plan.json, plain values.
        labels: offer's name -> the name people gave it here; every offer is in it.
    """

    line: PlanLine
    document: Mapping[str, Any]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HomePage:
    """GET /."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class WhatIfPage:
    """GET /plans/{id}.

    Attributes:
        frame: around.
        plan: at its own settings.
        live: False where the plan has no folder whatif/; `why_not` says so in words.
        settings: what the dials start from; what-if's own facts as plain values, {} where not live.
        question: what the address asks, as in the body of POST /api/plans/{id}/whatif, with only
            the fields it names; {} asks nothing.
        answer: to the question, the same document as the API's; None where nothing is asked.
        refusal: why the question cannot be answered; () where it is.
    """

    frame: Frame
    plan: PlanView
    live: bool
    why_not: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    question: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] | None = None
    refusal: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomersPage:
    """GET /plans/{id}/customers?row=17; rows are numbered from 0 as in assignments.parquet.

    Attributes:
        frame: around.
        plan: looked at.
        rows: that can be asked for.
        live: False where the plan has no folder whatif/; `why_not` says so in words.
        row: asked for; None where none is.
        explained: the same document as the API's; None where no row is asked for.
        refusal: why the row cannot be shown; () where it is.
    """

    frame: Frame
    plan: PlanView
    rows: int
    live: bool
    why_not: str = ""
    row: int | None = None
    explained: Mapping[str, Any] | None = None
    refusal: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparePage:
    """GET /compare?a=ID&b=ID; None until two are chosen.

    A question in the address, written as for GET /plans/{id}, is asked of b: a plan beside a
    what-if of itself is a == b with a question.
    """

    frame: Frame
    a: PlanView | None = None
    b: PlanView | None = None
    question: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] | None = None
    refusal: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One text of an offer on a channel, who wrote it and when; "" where nobody did yet."""

    channel: str
    text: str
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class OfferContent:
    """An offer of the menu: its name in the log, its name here, its texts by channel."""

    offer: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a name (channel is None) or of a text, newest first in lists."""

    offer: str
    channel: str | None
    text: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class ContentPage:
    """GET /plans/{id}/content."""

    frame: Frame
    plan: PlanView
    offers: tuple[OfferContent, ...]
    channels: tuple[str, ...]
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """What a named person answered to a sample.

    Attributes:
        sample: which.
        reviewer: who.
        answer: fine or not fine.
        note: how they would feel on receiving it.
        at: UTC.
        current: False where the plan's texts have changed since.
    """

    sample: str
    reviewer: str
    answer: Answered
    note: str
    at: str
    current: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """A message as a made-up typical member of a segment would get it: never a customer.

    Attributes:
        id: stable while the plan and its texts are.
        offer: what it is about.
        label: the offer's name here.
        segment: number of the segment in plan.json, from 1.
        rule: who is in the segment, in words.
        channel: how it goes out; "" where the brief does not say.
        kind: "message" for a rendered template, "text" for a text written here, "card" for the
            offer in words.
        text: plain text; a template in HTML is shown as its source.
        answers: newest first.
        done: is the newest answer of every reviewer "fine", and there is one that is current?
    """

    id: str
    offer: str
    label: str
    segment: int
    rule: str
    channel: str
    kind: Literal["message", "text", "card"]
    text: str
    answers: tuple[ReviewAnswer, ...] = ()
    done: bool = False


@dataclass(frozen=True, slots=True)
class ReviewsPage:
    """GET /plans/{id}/reviews; `asked`: does the brief make a release wait for these answers?"""

    frame: Frame
    plan: PlanView
    samples: tuple[Sample, ...]
    asked: bool


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """GET /plans/{id}/release.

    Attributes:
        frame: around; `frame.served` is what is served now.
        plan: to be released.
        obstacles: () when it may be released now.
        after: number of the latest release; the form sends it back, so that nobody releases over
            a release they did not see.
    """

    frame: Frame
    plan: PlanView
    obstacles: tuple[Obstacle, ...]
    after: int


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """GET /history.

    Attributes:
        frame: around.
        releases: newest first.
        after: as in `ReleasePage`, for a roll-back.
        can_return: numbers of the releases whose plan is here and may be served again.
        intact: False when a line is not what was written.
    """

    frame: Frame
    releases: tuple[Release, ...]
    after: int
    can_return: frozenset[int] = frozenset()
    intact: bool = True


@dataclass(frozen=True, slots=True)
class LoginPage:
    """GET /login: a form that posts `token` to /login; `failed` after a wrong one."""

    failed: bool = False


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Any refusal of a page: no stack, no row, and a number to find it in the log by."""

    status: int
    title: str
    message: str
    remedy: str
    request: str
