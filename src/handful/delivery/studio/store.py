"""What the studio remembers: plans seen, names and texts, reviews, releases, which one is served.

Lines are added and never changed. Reviews and releases carry a seal made with the secret of the
deployment; a release's seal covers the one before, so that an edit or a gap shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from handful.delivery.secret_key import ELSEWHERE, SecretKey
from handful.delivery.studio.database import Database, Row, Run, migrate
from handful.delivery.studio.records import Edit, Release, ReviewAnswer
from handful.delivery.studio.refusing import CONFLICT, RefusalError, refusal
from handful.errors import DataError, blocked

_START: Final = "0" * 64
_RELEASES: Final = (
    "SELECT id, plan, name, signed_by, reason, at, action, content, back_to, previous, seal "
    "FROM handful_releases ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class Store:
    """An open database and the secret that seals its lines."""

    database: Database
    secret: SecretKey


def open_store(database: Database, secret: SecretKey) -> Store:
    """Bring a database to this version and return the store in it.

    Args:
        database: open.
        secret: of the deployment.

    Raises:
        MachineError: F874 the store is of a later version, or cannot be written.
        DataError: F894 the history was sealed with another secret.
    """
    migrate(database)
    last = database.read("SELECT key_id FROM handful_releases ORDER BY id DESC LIMIT 1")
    if last and last[0][0] != secret.key_id:
        message = (
            f"the history in {database.said} was sealed with another secret than the one here."
        )
        remedy = f"Name that secret's file with the environment variable {ELSEWHERE}."
        raise DataError(blocked("F894", message, remedy))
    return Store(database, secret)


def see_plan(store: Store, plan: str, sha256: str, name: str, folder: str) -> None:
    """Note that a plan was shown from a folder."""
    now = utc_now()
    with store.database.writing() as run:
        if run("SELECT 1 FROM handful_plans WHERE id = ?", (plan,)):
            sql = "UPDATE handful_plans SET name = ?, folder = ?, last_seen = ? WHERE id = ?"
            run(sql, (name, folder, now, plan))
        else:
            line = (plan, sha256, name, folder, now, now)
            run("INSERT INTO handful_plans VALUES (?, ?, ?, ?, ?, ?)", line)


def add_edit(store: Store, plan: str, edit: Edit) -> Edit:
    """Keep a new name or text; the ones before stay on record.

    Returns:
        The edit with its time.
    """
    made = replace(edit, at=utc_now())
    with store.database.writing() as run:
        line = (_next(run, "handful_edits"), plan, *_plain_edit(made))
        run("INSERT INTO handful_edits VALUES (?, ?, ?, ?, ?, ?, ?)", line)
    return made


def edits_of(store: Store, plan: str) -> tuple[Edit, ...]:
    """Return every edit of a plan's names and texts, oldest first."""
    sql = "SELECT offer, channel, text, signed_by, at FROM handful_edits WHERE plan = ? ORDER BY id"
    return tuple(Edit(*row) for row in store.database.read(sql, (plan,)))


def add_review(store: Store, plan: str, content: str, review: ReviewAnswer) -> ReviewAnswer:
    """Keep the answer of a reviewer, sealed.

    Args:
        store: where.
        plan: its id.
        content: hash of the texts that were looked at.
        review: the answer; its time is set here.
    """
    made = replace(review, at=utc_now(), current=True)
    facts = (plan, content, made.sample, made.reviewer, made.answer, made.note, made.at)
    seal = _seal(store.secret, facts)
    with store.database.writing() as run:
        line = (_next(run, "handful_reviews"), *facts, store.secret.key_id, seal)
        run("INSERT INTO handful_reviews VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
    return made


def reviews_of(store: Store, plan: str, content: str) -> tuple[ReviewAnswer, ...]:
    """Return the answers on a plan whose seal fits, oldest first.

    Args:
        store: where.
        plan: its id.
        content: hash of the texts as they are now; answers on others are not current.
    """
    sql = (
        "SELECT plan, content, sample, reviewer, answer, note, at, seal FROM handful_reviews "
        "WHERE plan = ? ORDER BY id"
    )
    rows = [row for row in store.database.read(sql, (plan,)) if _fits(store, row[:-1], row[-1])]
    return tuple(replace(ReviewAnswer(*row[2:7]), current=row[1] == content) for row in rows)


def releases(store: Store) -> tuple[tuple[Release, ...], bool]:
    """Return the history, oldest first, and whether every line is as it was written.

    Cost: O(releases).
    """
    rows = store.database.read(_RELEASES)
    served = store.database.read("SELECT release_id FROM handful_served")
    found = tuple(Release(*row[:9]) for row in rows)
    numbers = [release.id for release in found]
    pointed = [int(row[0]) for row in served] == numbers[-1:]
    before, chained = _START, numbers == list(range(1, len(found) + 1))
    for row in rows:
        chained &= row[9] == before and _fits(store, row[:10], row[10])
        before = row[10]
    return found, pointed and chained


def add_release(
    store: Store, release: Release, after: int, told: Callable[[Release], None]
) -> Release:
    """Add a release and make it the one that is served, in one transaction.

    Args:
        store: where.
        release: its number and time are set here.
        after: number of the latest release that was seen when this one was asked for.
        told: told of the release before it is committed; what it raises takes all back.

    Returns:
        The release as it was kept.

    Raises:
        RefusalError: 409 F876 another release came first; 409 F878 the last line was edited.
    """
    with store.database.writing() as run:
        last = run(_RELEASES + " DESC LIMIT 1")
        if (int(last[0][0]) if last else 0) != after:
            raise _overtaken(last[0] if last else None)
        if last and not _fits(store, last[0][:10], last[0][10]):
            raise edited_history()
        previous = last[0][10] if last else _START
        made = replace(release, id=after + 1, at=utc_now())
        facts = (*_plain_release(made), previous)
        told(made)
        line = (*facts[:9], store.secret.key_id, previous, _seal(store.secret, facts))
        run("INSERT INTO handful_releases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
        run("DELETE FROM handful_served")
        run("INSERT INTO handful_served VALUES (1, ?)", (made.id,))
    return made


def edited_history() -> RefusalError:
    """Return the refusal where the history is not what was written."""
    message = "the history of releases was changed outside the studio."
    remedy = "Put a backup of the store back, and ask who may write to it."
    return refusal(CONFLICT, "F878", message, remedy)


def utc_now() -> str:
    """Return the time as it is kept: UTC, to the second."""
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _overtaken(last: Row | None) -> RefusalError:
    what = "the history is empty"
    if last is not None:
        release = Release(*last[:9])
        what = f"{release.by} made release {release.id} ({release.action} of {release.name}) at "
        what += release.at
    message = f"something else was released since: {what}."
    return refusal(CONFLICT, "F876", message, "Look at what is served now, then decide again.")


def _next(run: Run, table: str) -> int:
    return int(run(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")[0][0])  # noqa: S608 - our names


def _plain_edit(edit: Edit) -> tuple[Any, ...]:
    return (edit.offer, edit.channel, edit.text, edit.by, edit.at)


def _plain_release(release: Release) -> tuple[Any, ...]:
    one = release
    return (
        one.id, one.plan, one.name, one.by, one.reason, one.at, one.action, one.content, one.back_to
    )  # fmt: skip


def _seal(secret: SecretKey, facts: Sequence[Any]) -> str:
    return secret.sealed(json.dumps(["studio", *facts], ensure_ascii=False))


def _fits(store: Store, facts: Sequence[Any], seal: str) -> bool:
    return _seal(store.secret, list(facts)) == seal
