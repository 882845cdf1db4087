"""Looks over the bytes of a csv before it is read: its text, its header, its separator.

One pass in 4 MB pieces, O(bytes) time and constant memory; gzip is undone on the way.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from handful.errors import DataError, Finding, blocked

_PIECE: Final = 4 << 20
_HEADER_BYTES: Final = 1 << 20
RESERVED: Final = frozenset({"rowid", "row_of_log"})
"""Names no column may have: they stand for row numbers."""

_SEPARATORS: Final = {";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place in a file: line from 1, byte from 0."""

    line: int
    byte: int


def read_header(path: Path, *, encoding: str = "utf-8") -> tuple[str, ...]:
    r"""Return the column names of a csv, once its bytes are fit to be read.

    Args:
        path: a .csv or .csv.gz file.
        encoding: "utf-8" or "latin-1".

    Raises:
        DataError: S201 empty, S202 not in this encoding, S203 NUL byte, S204 separator,
            S205 column names, S206 broken gzip, S209 UTF-16.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "log.csv")
        >>> _ = file.write_text("age,arm\n31,A\n")
        >>> read_header(file)
        ('age', 'arm')
    """
    try:
        first, findings = _scan(path, encoding)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        message = f"{path.name} should be a whole gzip file, but it is broken or cut short."
        remedy = "Copy or export the file again."
        raise DataError(blocked("S206", message, remedy)) from None
    if not findings and not first.removeprefix(codecs.BOM_UTF8).strip():
        message = f"{path.name}: file is empty; expected a header line and rows."
        findings = [blocked("S201", message, "Check the path and the export.")]
    if findings:
        raise DataError(findings)
    text = first.decode(encoding if encoding == "latin-1" else "utf-8-sig", errors="replace")
    names = tuple(next(csv.reader(io.StringIO(text, newline="")), []))
    findings = check_names(names, path.name) or _check_separator(names, path.name)
    if findings:
        raise DataError(findings)
    return names


def check_names(names: tuple[str, ...], place: str) -> list[Finding]:
    """Return what is wrong with column names: empty, repeated, or alike but for case.

    Args:
        names: in the order of the file or frame.
        place: where they stand, for the message.

    Example:
        >>> check_names(("a", "A"), "log.csv")[0].code
        'S205'
    """
    findings = []
    empty = [str(i) for i, name in enumerate(names, start=1) if not name.strip()]
    if empty:
        message = f"{place}: every column needs a name; column {', '.join(empty[:10])} has none."
        remedy = "Name it, or leave a saved row index out (index=False in pandas)."
        findings.append(blocked("S205", message, remedy))
    folded: dict[str, str] = {}
    for name in filter(str.strip, names):
        if name.casefold() in RESERVED:
            message = f"{place}: '{name}' cannot be a column's name; it is kept for row numbers."
            findings.append(blocked("S205", message, "Rename that column."))
        other = folded.get(name.casefold())
        folded.setdefault(name.casefold(), name)
        if other is not None:
            kind = "appears twice" if other == name else f"differs from '{other}' only in case"
            message = f"{place}: column names must be unique, but '{name[:60]}' {kind}."
            findings.append(blocked("S205", message, "Rename one of the two columns."))
    return findings


def _check_separator(names: tuple[str, ...], place: str) -> list[Finding]:
    if len(names) != 1:
        return []
    for mark, word in _SEPARATORS.items():
        if mark in names[0]:
            message = f"{place} line 1: columns should be separated by commas, found {word}."
            remedy = "Save it again with commas (and decimal points), or as parquet."
            return [blocked("S204", message, remedy)]
    return []


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        stream = cast(io.BufferedIOBase, gzip.GzipFile(fileobj=plain) if packed else plain)
        while piece := stream.read(_PIECE):
            yield piece


def _scan(path: Path, encoding: str) -> tuple[bytes, list[Finding]]:
    """Return the first bytes, and the first NUL and the first broken character as findings."""
    decoder = codecs.getincrementaldecoder("utf-8")() if encoding == "utf-8" else None
    first = b""
    lines, seen, held = 0, 0, b""
    nul: _Spot | None = None
    broken: _Spot | None = None
    for piece in _pieces(path):
        first = first or piece[:_HEADER_BYTES]
        if seen == 0 and piece[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            message = f"{path.name} is UTF-16 text; expected UTF-8."
            return first, [blocked("S209", message, "Save it again as UTF-8.")]
        at = piece.find(b"\0") if nul is None else -1
        if at >= 0:
            nul = _Spot(lines + piece.count(b"\n", 0, at) + 1, seen + at)
        if decoder is not None and broken is None:
            try:
                decoder.decode(piece)
                held = decoder.getstate()[0]
            except UnicodeDecodeError as error:
                at = error.start - len(held)
                broken = _Spot(lines + piece.count(b"\n", 0, max(at, 0)) + 1, seen + at)
        lines += piece.count(b"\n")
        seen += len(piece)
    if held and broken is None:
        broken = _Spot(lines + 1, seen - len(held))
    return first, _spot_findings(path.name, nul, broken)


def _spot_findings(name: str, nul: _Spot | None, broken: _Spot | None) -> list[Finding]:
    findings = []
    if nul is not None:
        message = f"{name} line {nul.line}, byte {nul.byte}: a NUL byte; expected plain text."
        findings.append(blocked("S203", message, "Export the file again; it may be damaged."))
    if broken is not None:
        message = (
            f"{name} line {broken.line}, byte {broken.byte}: not UTF-8 text, which was expected."
        )
        remedy = 'If the file is Latin-1, set encoding = "latin-1" under [experiment].'
        findings.append(blocked("S202", message, remedy))
    return findings
