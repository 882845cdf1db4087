"""Opens any source as one table `log` inside a locked engine; the only place that reads files."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from handful.brief.reader import did_you_mean
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.coltypes import settle_types
from handful.experiment.csvhead import check_names, read_header
from handful.experiment.engine import (
    Connection,
    connect,
    literal,
    lock,
    one_row,
    quoted,
    reading,
)
from handful.experiment.leaving_out import LeaveOut, LeftOut, leave_out
from handful.experiment.postgres import is_postgres, read_postgres

_CSV: Final = (".csv", ".csv.gz", ".txt", ".tsv")
_DATABASE: Final = "duckdb:///"
_BLOCK: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class OpenLog:
    """A source that has been opened: a table or view `log` in a locked engine.

    Attributes:
        con: the engine.
        types: column name -> SQL type, in the order of the source.
        description: the source in words.
        sha256: of the source's bytes, files of a glob one after the other.
        findings: noticed while opening.
        left_out: rows that were taken out; None where nobody was asked for.
    """

    con: Connection
    types: Mapping[str, str]
    description: str
    sha256: str
    findings: tuple[Finding, ...] = ()
    left_out: LeftOut | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the source."""
        return tuple(self.types)


@dataclass(frozen=True, slots=True)
class Request:
    """How a source is to be opened.

    Attributes:
        folder: folder a relative path starts from.
        encoding: of a csv, "utf-8" or "latin-1".
        names: columns that hold ids or names: their digits are kept as written.
        streamed: leave the rows in the file and read them when asked for (types of a csv from
            a sample) instead of loading them.
        types: SQL types already known, for a streamed csv.
        missing: words of a streamed csv that mean "missing".
        leave_out: rows that are taken out before anything looks at them; of a loaded source.
        sampled: False to settle the types of a streamed csv from all rows.
    """

    folder: str = "."
    encoding: str = "utf-8"
    names: frozenset[str] = frozenset()
    streamed: bool = False
    types: Mapping[str, str] | None = None
    sampled: bool = True
    missing: tuple[str, ...] = ("",)
    leave_out: LeaveOut | None = None


@contextmanager
def open_log(source: str, request: Request) -> Iterator[OpenLog]:
    """Open a source; the engine is locked before this returns and closed at the end.

    Args:
        source: csv, csv.gz, parquet, a glob, duckdb:///file.db?table=t (or ?query=...), or
            postgresql://host/db?table=t (or ?query=...).
        request: how to open it.

    Raises:
        BriefError: B120 a source of no known kind.
        DataError: S200 no such file, S201-S209 a file that cannot be read.
        MachineError: X901 not enough memory; X904, X905 no PostgreSQL.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "log.parquet")
        >>> _ = connect().execute(f"COPY (SELECT 1 AS age) TO '{file}'")
        >>> with open_log(str(file), Request()) as log:
        ...     log.columns
        ('age',)
    """
    if is_postgres(source):
        table, said = read_postgres(source)
        with open_table(table, said, streamed=request.streamed, asked=request.leave_out) as log:
            yield log
        return
    con = connect()
    try:
        if source.startswith(_DATABASE):
            yield _open_database(con, source, request)
        else:
            yield _open_files(con, source, request)
    finally:
        con.close()


@contextmanager
def open_table(
    table: Any,  # noqa: ANN401
    description: str,
    *,
    streamed: bool = False,
    asked: LeaveOut | None = None,
) -> Iterator[OpenLog]:
    """Open an Arrow table as a log.

    Args:
        table: a pyarrow Table.
        description: the source in words.
        streamed: read the table where it is instead of copying it into the engine.
        asked: rows that are taken out before anything looks at them.

    Raises:
        DataError: S205 column names, S208 a table that cannot be read.

    Example:
        >>> import pyarrow as pa
        >>> with open_table(pa.table({"age": [31]}), "a frame") as log:
        ...     log.types["age"]
        'BIGINT'
    """
    findings = check_names(tuple(table.column_names), description)
    if findings:
        raise DataError(findings)
    con = connect()
    try:
        with reading(description):
            con.register("log" if streamed else "frame", table)
            if not streamed:
                con.execute("CREATE TABLE log AS SELECT * FROM frame")
            types = _types_of(con)
            left = _without(con, "log", asked, types)
            lock(con)
        digest = "" if streamed else _table_sha256(table)
        yield OpenLog(con, types, description, digest, left_out=left)
    finally:
        con.close()


def find_files(source: str, folder: str) -> tuple[Path, ...]:
    """Return the files a path or glob names, sorted by name.

    Raises:
        DataError: S200 there is none.

    Example:
        >>> find_files(__file__, ".")[0].name
        'opening.py'
    """
    pattern = Path(folder, source)
    if pattern.is_file():
        return (pattern,)
    root = Path(pattern.anchor or ".")
    found = root.glob(str(pattern.relative_to(pattern.anchor)))
    files = tuple(sorted(file for file in found if file.is_file()))
    if not files:
        near = sorted(file.name for file in pattern.parent.glob("*")) if (
            pattern.parent.is_dir()) else []  # fmt: skip
        if pattern.is_dir():
            message = f"{pattern} is a folder; expected files."
            raise DataError(blocked("S200", message, f"Name them: {source}/*.parquet."))
        message = f"there is no file {pattern}."
        raise DataError(blocked("S200", message, did_you_mean(pattern.name, near[:200])))
    return files


def _open_files(con: Connection, source: str, request: Request) -> OpenLog:
    files = find_files(source, request.folder)
    digest = "" if request.streamed else _sha256(files)
    names = {file.name.lower() for file in files}
    findings: tuple[Finding, ...] = ()
    left: LeftOut | None = None
    if all(name.endswith((".parquet", ".pq")) for name in names):
        with reading(files[0].name):
            _load(con, f"read_parquet({_listed(files)}, hive_partitioning = false)", request)
        left = _without(con, "log", request.leave_out, _types_of(con))
    elif all(name.endswith(_CSV) for name in names):
        findings, left = _load_csv(con, files, request)
    else:
        message = f"expected csv, csv.gz or parquet files, found {min(names)}."
        raise BriefError(blocked("B120", message, "Export the log to one of these formats."))
    if request.streamed:
        _allow_only(con, files)
    lock(con)
    types = _types_of(con)
    wrong = check_names(tuple(types), files[0].name)
    if wrong:
        raise DataError(wrong)
    count = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return OpenLog(con, types, files[0].name + count, digest, findings, left)


def _without(
    con: Connection, table: str, asked: LeaveOut | None, types: Mapping[str, str]
) -> LeftOut | None:
    """Take out of a table the rows that are not to be read; a column not there is told later."""
    if asked is None or asked.column not in types:
        return None
    return leave_out(con, table, asked, types[asked.column])


def _load(con: Connection, scan: str, request: Request) -> None:
    kind = "VIEW" if request.streamed else "TABLE"
    con.execute(f"CREATE {kind} log AS SELECT * FROM {scan}")  # noqa: S608 - paths are quoted


def _load_csv(
    con: Connection, files: tuple[Path, ...], request: Request
) -> tuple[tuple[Finding, ...], LeftOut | None]:
    headers = [read_header(file, encoding=request.encoding) for file in files]
    for file, header in zip(files, headers, strict=True):
        if header != headers[0]:
            message = f"{file.name} has other columns than {files[0].name}."
            remedy = "Give all files the same header line, in the same order."
            raise DataError(blocked("S205", message, remedy))
    place = files[0].name if len(files) == 1 else f"{files[0].parent.name}/{files[0].name}, ..."
    if request.streamed:
        known = dict(request.types or {})
        types = {name: known[name] for name in headers[0] if name in known}
        with reading(place):
            _load(con, _scan_csv(files, headers[0], types, request), request)
        return (), None
    as_text = dict.fromkeys(headers[0], "VARCHAR")
    with reading(place):
        scan = _scan_csv(files, headers[0], as_text, request)
        con.execute(f"CREATE TABLE raw AS SELECT * FROM {scan}")  # noqa: S608 - quoted
        left = _without(con, "raw", request.leave_out, as_text)
        found, findings = settle_types(con, headers[0], keep_text=request.names)
        casts = ", ".join(
            f"TRY_CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in found.items()
        )
        con.execute(f"CREATE TABLE log AS SELECT {casts} FROM raw")  # noqa: S608 - quoted
        con.execute("DROP TABLE raw")
    return findings, left


def _scan_csv(
    files: tuple[Path, ...], header: tuple[str, ...], types: Mapping[str, str], request: Request
) -> str:
    listed = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    if len(types) == len(header):
        shape = f"auto_detect = false, columns = {{{listed}}}"
    else:
        names = ", ".join(map(literal, header))
        sample = 20480 if request.sampled else -1
        shape = (
            f"names = [{names}], sample_size = {sample}, types = {{{listed}}}, "
            "auto_type_candidates = ['BIGINT', 'DOUBLE', 'VARCHAR']"
        )
    return (
        f"read_csv({_listed(files)}, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"nullstr = [{', '.join(map(literal, request.missing))}], "
        f"strict_mode = true, encoding = {literal(request.encoding)}, {shape})"
    )


def _listed(files: tuple[Path, ...]) -> str:
    return "[" + ", ".join(literal(glob.escape(str(file))) for file in files) + "]"


def _allow_only(con: Connection, files: tuple[Path, ...]) -> None:
    """Let the engine reach these files, also under the pattern that stands for just that file."""
    names = {name for file in files for name in (str(file), glob.escape(str(file)))}
    con.execute(f"SET allowed_paths = [{', '.join(map(literal, sorted(names)))}]")


def _open_database(con: Connection, source: str, request: Request) -> OpenLog:
    path, _, rest = source.removeprefix(_DATABASE).partition("?")
    asked = parse_qs(rest, keep_blank_values=True)
    if set(asked) not in ({"table"}, {"query"}):
        message = "experiment.source should end in ?table=NAME or ?query=SELECT ..."
        raise BriefError(blocked("B120", message, "Example: duckdb:///shop.db?table=mailing."))
    (file,) = find_files(unquote(path), request.folder)
    digest = "" if request.streamed else _sha256((file,))
    with reading(file.name):
        con.execute(f"ATTACH {literal(str(file))} AS source (READ_ONLY)")
    lock(con)
    if "table" in asked:
        name = asked["table"][0]
        tables = [row[0] for row in con.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'source'"
        ).fetchall()]  # fmt: skip
        if name not in tables:
            message = f"{file.name} has no table '{name}'."
            raise BriefError(blocked("B121", message, did_you_mean(name, tables)))
        query = f"SELECT * FROM source.{quoted(name)}"  # noqa: S608 - the name is quoted
    else:
        query = asked["query"][0]
    with reading(file.name):
        _load_query(con, query, request)
        types = _types_of(con)
        left = _without(con, "log", request.leave_out, types)
    wrong = check_names(tuple(types), file.name)
    if wrong:
        raise DataError(wrong)
    return OpenLog(con, types, f"{file.name}?{rest[:80]}", digest, left_out=left)


def _load_query(con: Connection, query: str, request: Request) -> None:
    """Load the rows of one SELECT; anything else is no subquery and fails to parse."""
    con.execute("USE source")
    kind = "VIEW" if request.streamed else "TABLE"
    con.execute(f"CREATE {kind} memory.main.log AS SELECT * FROM (\n{query}\n)")  # noqa: S608
    con.execute("USE memory.main")


def _types_of(con: Connection) -> dict[str, str]:
    relation = con.table("log")
    return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}


def _sha256(files: tuple[Path, ...]) -> str:
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while piece := stream.read(1 << 20):
                whole.update(piece)
    return whole.hexdigest()


def _table_sha256(table: Any) -> str:  # noqa: ANN401
    """Digest an Arrow table's values in blocks of rows, whatever its chunks are."""
    whole = hashlib.sha256(str(table.schema.remove_metadata()).encode())
    for batch in table.combine_chunks().to_batches(max_chunksize=_BLOCK):
        whole.update(batch.serialize())
    return whole.hexdigest()


def count_rows(log: OpenLog) -> int:
    """Return the number of rows of the log.

    Example:
        >>> import pyarrow as pa
        >>> with open_table(pa.table({"age": [31, 7]}), "a frame") as log:
        ...     count_rows(log)
        2
    """
    return int(one_row(log.con, "SELECT count(*) FROM log")[0])
