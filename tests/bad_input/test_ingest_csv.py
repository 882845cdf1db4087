"""Files that are not quite csv: a finding with the line, or the right reading."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from handful.errors import DataError, HandfulError
from made_log import load, rows, write

HEADER = b"id,arm,age,town,spend\n"
GOOD = ("\n".join(rows()) + "\n").encode()


def refused(path: Path, **keys: object) -> HandfulError:
    with pytest.raises(HandfulError) as caught:
        load(path, **keys)  # type: ignore[arg-type]
    error = caught.value
    assert error.exit_code in {2, 3}
    for finding in error.findings:
        assert finding.level == "block"
        assert len(finding.message) < 400
        assert finding.remedy
    return error


def raw(folder: Path, content: bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [b"", b"\n\n", b"   \n", b"\xef\xbb\xbf"])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    (finding,) = refused(raw(tmp_path, content)).findings
    assert finding.code == "S201"
    assert "file is empty" in finding.message


def test_header_only(tmp_path: Path) -> None:
    (finding,) = refused(raw(tmp_path, HEADER)).findings
    assert finding.code == "S211"
    assert "0 rows; need at least 50 per offer" in finding.message


def test_where_that_keeps_nothing(tmp_path: Path) -> None:
    (finding,) = refused(write(tmp_path, rows()), where="age > 900").findings
    assert finding.code == "S211"
    assert "0 of 240 rows" in finding.message
    assert "where" in finding.remedy


@pytest.mark.parametrize(
    ("bad", "code", "said"),
    [
        (b"241,mail,30\n", "S207", "line 242: expected 5 columns, found 3"),
        (b"241,mail,30,Ulm,1,9\n", "S207", "line 242: expected 5 columns, found 6"),
        (b'241,mail,30,"Ulm,1\n', "S207", "line 242: a double quote is opened"),
        (b'241,mail,30,"U"lm,1\n', "S207", "line 242: a double quote"),
        (b"241,mail,30,U\x00m,1\n", "S203", "line 242, byte"),
        (b"241,mail,30,K\xf6ln,1\n", "S202", "line 242, byte"),
        (b'241,mail,30,"' + b"x" * 10_000_000 + b'",1\n', "S207", "more than 2 MB"),
    ],
    ids=["short", "long", "open quote", "stray quote", "NUL", "Latin-1", "huge cell"],
)
def test_bad_row_is_named_by_line(tmp_path: Path, bad: bytes, code: str, said: str) -> None:
    (finding,) = refused(raw(tmp_path, HEADER + GOOD + bad)).findings
    assert finding.code == code
    assert said in finding.message
    assert "log.csv" in finding.message


def test_byte_offset_is_exact_across_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handful.experiment.csvhead._PIECE", 7)
    content = HEADER + "1,a,2,Zürich,3\n".encode() * 3 + b"2,a,2,K\xf6ln,3\n2,a,\x00,b,3\n"
    findings = refused(raw(tmp_path, content)).findings
    assert [finding.code for finding in findings] == ["S203", "S202"]
    assert f"line 6, byte {content.index(0)}:" in findings[0].message
    assert f"line 5, byte {content.index(0xF6)}:" in findings[1].message


def test_file_that_ends_inside_a_character(tmp_path: Path) -> None:
    (finding,) = refused(raw(tmp_path, HEADER + GOOD + b"241,mail,3,\xc3")).findings
    assert finding.code == "S202"
    assert "line 242" in finding.message


def test_latin_1_is_read_when_asked_for(tmp_path: Path) -> None:
    town = "Köln"
    lines = "\n".join(line.replace("Ulm", town) for line in rows()) + "\n"
    path = raw(tmp_path, HEADER + lines.encode("latin-1"))
    (finding,) = refused(path).findings
    assert 'encoding = "latin-1"' in finding.remedy
    levels = load(path, encoding="latin-1").features.schema.levels
    assert town in levels[-1]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_separators(tmp_path: Path, mark: str) -> None:
    content = (HEADER + GOOD).decode().replace(",", mark).encode()
    (finding,) = refused(raw(tmp_path, content)).findings
    assert finding.code == "S204"
    assert "line 1" in finding.message


def test_line_ends_inside_a_cell_are_text(tmp_path: Path) -> None:
    lines = [line.replace("Ulm", '"Ulm\r\nan der, ""Donau"""') for line in rows()]
    experiment = load(write(tmp_path, lines))
    assert experiment.n_rows == 240
    assert 'Ulm\r\nan der, "Donau"' in experiment.features.schema.levels[-1]


def test_mixed_line_ends(tmp_path: Path) -> None:
    content = HEADER + GOOD.replace(b"\n", b"\r\n", 100)
    (finding,) = refused(raw(tmp_path, content)).findings
    assert finding.code == "S207"
    assert "line ends" in finding.message


@pytest.mark.parametrize("change", ["crlf", "bom", "no last line end", "blank last line", "gzip"])
def test_harmless_variations_read_the_same(tmp_path: Path, change: str) -> None:
    plain = load(raw(tmp_path, HEADER + GOOD))
    content = {
        "crlf": (HEADER + GOOD).replace(b"\n", b"\r\n"),
        "bom": b"\xef\xbb\xbf" + HEADER + GOOD,
        "no last line end": HEADER + GOOD[:-1],
        "blank last line": HEADER + GOOD + b"\n",
        "gzip": gzip.compress(HEADER + GOOD),
    }[change]
    other = load(raw(tmp_path, content, "log.csv.gz" if change == "gzip" else "log.csv"))
    assert (other.profit == plain.profit).all()
    assert (other.features.values == plain.features.values).all()
    assert other.features.schema == plain.features.schema


@pytest.mark.parametrize("cut", [6, 300])
def test_gzip_cut_short(tmp_path: Path, cut: int) -> None:
    path = raw(tmp_path, gzip.compress(HEADER + GOOD)[:-cut], "log.csv.gz")
    (finding,) = refused(path).findings
    assert finding.code == "S206"


def test_utf_16(tmp_path: Path) -> None:
    path = raw(tmp_path, (HEADER + GOOD).decode().encode("utf-16"))
    assert refused(path).findings[0].code == "S209"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"id,arm,age,age,spend\n", "'age' appears twice"),
        (b"id,arm,age,Age,spend\n", "'Age' differs from 'age' only in case"),
        (b",arm,age,town,spend\n", "column 1 has none"),
        (b"rowid,arm,age,town,spend\n", "'rowid' cannot be"),
    ],
)
def test_column_names(tmp_path: Path, header: bytes, said: str) -> None:
    (finding,) = refused(raw(tmp_path, header + GOOD)).findings
    assert finding.code == "S205"
    assert said in finding.message


def test_no_such_file(tmp_path: Path) -> None:
    write(tmp_path, rows())
    (finding,) = refused(tmp_path / "logg.csv").findings
    assert finding.code == "S200"
    assert finding.remedy == "Did you mean 'log.csv'?"


def test_files_of_a_glob_with_other_columns(tmp_path: Path) -> None:
    write(tmp_path, rows())
    raw(tmp_path, b"id,arm\n1,none\n", "more.csv")
    with pytest.raises(DataError, match=r"S205.*more\.csv has other columns"):
        load(tmp_path / "*.csv")


def test_parquet_that_is_none(tmp_path: Path) -> None:
    (finding,) = refused(raw(tmp_path, GOOD, "log.parquet")).findings
    assert finding.code == "S208"
    assert "log.parquet" in finding.message
