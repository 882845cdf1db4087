"""Erasure: a person taken out of every file that handful wrote about persons.

Those are, in a plan folder, assignments.parquet with the rows of whatif/ beside it, consent.parquet
and consent-certificate.json, and the files of `handful assign` and `handful export`, known by their
columns. A design of `handful size --assign` looks like the log that grows out of it, so it is named
and not changed. The policy holds no person; what it learned from one is undone only by planning
again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from handful.delivery.audit import append_audit, keeps_audit
from handful.delivery.certificate import CERTIFICATE_NAME, canonical
from handful.delivery.consent_file import CONSENT_NAME
from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.plan_json import dump_document, load_document
from handful.delivery.sealed import erasable
from handful.delivery.secret_key import secret_of
from handful.delivery.sinks import open_sink
from handful.delivery.stored import part_records
from handful.delivery.whatif_file import WHATIF_NAME, forget_rows
from handful.errors import BriefError, blocked
from handful.planning.assignment_table import COLUMNS

_ID_COLUMN: Final = {CONSENT_NAME: "id"}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What an erasure did.

    Attributes:
        removed: (file, rows or hashes taken out).
        replan: plan folders that learned from the person.
        sources: what those plans were made from, and designs, which are not ours to change.
    """

    removed: tuple[tuple[str, int], ...]
    replan: tuple[str, ...]
    sources: tuple[str, ...]


def forget(customer: str, folders: tuple[Path, ...]) -> Forgotten:
    """Remove a person from every file of ours under some folders.

    Args:
        customer: the id, as text.
        folders: looked through to the bottom.

    Returns:
        What was removed, and what must be planned again.

    Raises:
        BriefError: G079 a folder is not there.
        DataError: G073 the secret that the hashes were made with is gone.
        MachineError: F801-F803 a file cannot be written.

    Cost: O(size of the files).
    """
    absent = [str(folder) for folder in folders if not folder.is_dir()]
    if absent:
        message = f"expected folders to look in; not there: {', '.join(absent[:5])}."
        raise BriefError(blocked("G079", message, "Name the folders that hold plans and files."))
    removed: list[tuple[str, int]] = []
    replan: list[str] = []
    sources: list[str] = []
    for plan in _plans(folders):
        found = _forget_in_plan(plan, customer)
        removed += found
        if found:
            document = load_document((plan / "plan.json").read_text(encoding="utf-8"))
            replan.append(str(plan))
            sources += [document["experiment"]["source"]]
            consent = document.get("consent")
            sources += [consent["description"]] if consent else []
            _audit(plan.parent, len(found))
    for file, columns in _tables(folders):
        if columns[: len(COLUMNS)] == COLUMNS:
            count = _drop_rows(file, customer)
            removed += [(str(file), count)] if count else []
        elif _is_design(columns) and _holds(file, customer):
            sources.append(str(file))
    return Forgotten(tuple(removed), tuple(replan), tuple(dict.fromkeys(sources)))


def _plans(folders: tuple[Path, ...]) -> list[Path]:
    found = {file.parent.resolve() for folder in folders for file in folder.rglob("plan.json")}
    return sorted(place for place in found if (place / "policy").is_dir())


def _tables(folders: tuple[Path, ...]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the tables outside of plan folders, with the names of their columns."""
    ours = set(_plans(folders))
    files = {f.resolve() for folder in folders for f in folder.rglob("*") if f.is_file()}
    for file in sorted(files):
        if file.parent in ours or file.suffix.lower() not in {".csv", ".parquet"}:
            continue
        yield file, _columns(file)


def _is_design(columns: tuple[str, ...]) -> bool:
    """Tell whether a table may be of `handful size --assign`; a log joined to it looks alike."""
    return columns[:1] == COLUMNS[:1] and columns[-1:] == ("propensity",) and "offer" in columns


def _holds(file: Path, customer: str) -> bool:
    if file.suffix.lower() == ".csv":
        return any(_names(record, customer) for record in _records(file))
    ids = pc.cast(pq.read_table(file, columns=[COLUMNS[0]])[COLUMNS[0]], pa.string())
    return bool(pc.any(pc.fill_null(pc.equal(ids, customer), False)).as_py())


def _columns(file: Path) -> tuple[str, ...]:
    try:
        if file.suffix.lower() == ".parquet":
            return tuple(pq.read_schema(file).names)
        with file.open(encoding="utf-8", newline="") as stream:
            return tuple(next(csv.reader(stream), ()))
    except (OSError, ValueError, pa.ArrowInvalid):
        return ()


def _forget_in_plan(plan: Path, customer: str) -> list[tuple[str, int]]:
    names = ("assignments.parquet", CONSENT_NAME)
    asked = _forget_in_whatif(plan, customer)
    found = [
        (str(plan / name), count)
        for name in names
        if (plan / name).is_file() and (count := _drop_rows(plan / name, customer))
    ]
    hashes = _drop_hashes(plan, customer)
    found += [(str(plan / CERTIFICATE_NAME), hashes)] if hashes else []
    found += [(str(plan / WHATIF_NAME), asked)] if asked else []
    if found:
        _write_parts_anew(plan)
    return found


def _forget_in_whatif(plan: Path, customer: str) -> int:
    """Take a person's rows out of what questions are answered from; rows follow assignments."""
    file = plan / "assignments.parquet"
    if not file.is_file():
        return 0
    ids = pc.cast(pq.read_table(file, columns=[COLUMNS[0]])[COLUMNS[0]], pa.string())
    gone = pc.fill_null(pc.equal(ids, customer), False).to_numpy()
    count = int(gone.sum())
    return count if count and forget_rows(plan, ~gone) else 0


def _drop_rows(file: Path, customer: str) -> int:
    """Write a file again without the rows of a person; return how many there were."""
    if file.suffix.lower() == ".csv":
        return _drop_lines(file, customer)
    table = pq.read_table(file)
    ids = pc.cast(table[_ID_COLUMN.get(file.name, COLUMNS[0])], pa.string())
    kept = table.filter(pc.invert(pc.fill_null(pc.equal(ids, customer), False)))
    count = table.num_rows - kept.num_rows
    if count:
        with (
            publish_file(file, mode=PRIVATE) as staging,
            open_sink(staging, kept.schema, "parquet") as write,
        ):
            write(kept)
    return int(count)


def _drop_lines(file: Path, customer: str) -> int:
    lines = list(_records(file))
    kept = [line for line in lines if not _names(line, customer)]
    count = len(lines) - len(kept)
    if count:
        with publish_file(file, mode=PRIVATE) as staging:
            staging.write_bytes("".join(kept).encode("utf-8"))
    return count


def _records(file: Path) -> Iterator[str]:
    """Yield the records of a csv as they stand there; a quoted cell may hold line breaks."""
    held = ""
    with file.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            held += line
            if held.count('"') % 2 == 0:
                yield held
                held = ""
    if held:
        yield held


def _names(record: str, customer: str) -> bool:
    cells = next(csv.reader(io.StringIO(record, newline="")), []) or [""]
    # A spreadsheet-safe csv has an apostrophe before an id that looks like a formula.
    return cells[0] in {customer, f"'{customer}"}


def _drop_hashes(plan: Path, customer: str) -> int:
    """Take a person's hash out of a certificate, seal it again, return how often it was there."""
    file = plan / CERTIFICATE_NAME
    if not file.is_file():
        return 0
    secret = secret_of(plan.parent, create=False)
    (gone,) = secret.hashed([customer])
    content = json.loads(file.read_text(encoding="utf-8"))
    fits = content.pop("seal") == secret.sealed(canonical(content))
    count = 0
    for part in (content, content["refused"], content["used"]):
        for name, hashes in part.items():
            if isinstance(hashes, list):
                part[name] = [one for one in hashes if one != gone]
                count += len(hashes) - len(part[name])
    if count:
        # A certificate that was changed before stays visibly so.
        content["seal"] = secret.sealed(canonical(content)) if fits else "broken before erasure"
        with publish_file(file, mode=PRIVATE) as staging:
            staging.write_text(json.dumps(content) + "\n", encoding="utf-8")
    return count


def _write_parts_anew(plan: Path) -> None:
    """Write the sizes and digests of changed parts into plan.json; nothing else of it changes."""
    file = plan / "plan.json"
    document = load_document(file.read_text(encoding="utf-8"))
    fresh = {part["name"]: part for part in part_records(plan)}
    document["files"] = [
        fresh.get(part["name"], part) if erasable(part["name"]) else part
        for part in document["files"]
    ]
    with publish_file(file, mode=0o644) as staging:
        staging.write_text(dump_document(document), encoding="utf-8")


def _audit(folder: Path, files: int) -> None:
    if keeps_audit(folder):
        append_audit(folder, "forget", {"files": files})
