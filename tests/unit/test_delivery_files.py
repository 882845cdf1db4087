"""Results appear whole or not at all; what handful did not write is never lost."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from handful.delivery import files
from handful.delivery.files import PRIVATE, publish_file, publish_folder
from handful.errors import BriefError, MachineError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def publish(target: Path, text: str) -> None:
    with publish_folder(target) as staging:
        (staging / "policy").mkdir()
        (staging / "policy" / "manifest.json").write_text(text)
        (staging / "plan.json").write_text(text)


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    with publish_folder(target) as staging:
        (staging / "plan.json").write_text("new")
        assert not target.exists()
    assert (target / "plan.json").read_text() == "new"
    assert names(tmp_path) == ["plan"]


def test_a_former_plan_is_replaced_and_kept_until_then(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    publish(target, "old")
    with publish_folder(target) as staging:
        (staging / "plan.json").write_text("new")
        assert (target / "plan.json").read_text() == "old"
    assert (target / "plan.json").read_text() == "new"
    assert names(target) == ["plan.json"]
    assert names(tmp_path) == ["plan"]


def test_without_an_atomic_exchange_the_folder_is_still_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "exchange", lambda _first, _second: False)
    publish(tmp_path / "plan", "old")
    publish(tmp_path / "plan", "new")
    assert (tmp_path / "plan" / "plan.json").read_text() == "new"
    assert names(tmp_path) == ["plan"]


def test_a_folder_set_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    publish(tmp_path / "plan", "old")
    (tmp_path / "plan").rename(tmp_path / ".plan.previous")
    with pytest.raises(ZeroDivisionError), publish_folder(tmp_path / "plan"):
        raise ZeroDivisionError
    assert (tmp_path / "plan" / "plan.json").read_text() == "old"


def test_a_failure_leaves_the_former_plan(tmp_path: Path) -> None:
    publish(tmp_path / "plan", "old")
    with pytest.raises(TypeError), publish_folder(tmp_path / "plan") as staging:
        (staging / "plan.json").write_bytes("half")  # type: ignore[arg-type]
    assert (tmp_path / "plan" / "plan.json").read_text() == "old"
    assert names(tmp_path) == ["plan"]


def test_a_refusal_takes_away_the_parents_it_made(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), publish_folder(tmp_path / "a" / "b" / "plan"):
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_parents_are_made(tmp_path: Path) -> None:
    publish(tmp_path / "a" / "b" / "plan", "new")
    assert (tmp_path / "a" / "b" / "plan" / "plan.json").exists()


@pytest.mark.parametrize("stranger", ["notes.txt", "plan.json.bak"])
def test_a_folder_with_anything_else_is_not_replaced(tmp_path: Path, stranger: str) -> None:
    publish(tmp_path / "plan", "old")
    (tmp_path / "plan" / stranger).write_text("mine")
    with pytest.raises(BriefError) as refused:
        publish(tmp_path / "plan", "new")
    assert refused.value.findings[0].code == "F804"
    assert stranger in refused.value.findings[0].message
    assert (tmp_path / "plan" / stranger).read_text() == "mine"
    assert (tmp_path / "plan" / "plan.json").read_text() == "old"


def test_a_folder_without_plan_json_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "plan" / "policy").mkdir(parents=True)
    with pytest.raises(BriefError, match=r"without plan\.json"):
        publish(tmp_path / "plan", "new")


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    publish(tmp_path / "plan", "new")
    assert (tmp_path / "plan" / "plan.json").read_text() == "new"


def test_a_file_in_the_way_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("mine")
    with pytest.raises(BriefError, match="found a file"):
        publish(tmp_path / "plan", "new")
    assert (tmp_path / "plan").read_text() == "mine"


def test_the_real_folder_behind_a_link_is_replaced(tmp_path: Path) -> None:
    publish(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to("real")
    publish(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "plan.json").read_text() == "new"


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with publish_folder(tmp_path / "plan") as staging:
        (staging / "plan.json").write_text("first")
        with pytest.raises(MachineError) as refused, publish_folder(tmp_path / "plan"):
            pass
    assert refused.value.findings[0].code == "F801"
    assert str(tmp_path / "plan") in refused.value.findings[0].message
    assert (tmp_path / "plan" / "plan.json").read_text() == "first"
    assert names(tmp_path) == ["plan"]


def test_neighbours_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with publish_folder(tmp_path / "a") as first, publish_folder(tmp_path / "b") as second:
        (first / "plan.json").write_text("a")
        (second / "plan.json").write_text("b")
    assert names(tmp_path) == ["a", "b"]


def test_a_file_appears_whole_and_private(tmp_path: Path) -> None:
    target = tmp_path / "who.csv"
    target.write_text("old")
    with publish_file(target, mode=PRIVATE) as staging:
        staging.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert names(tmp_path) == ["who.csv"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "who.csv").mkdir()
    with pytest.raises(BriefError, match="found the folder"), publish_file(tmp_path / "who.csv"):
        pass


def test_a_parent_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(MachineError) as refused:
        publish(tmp_path / "taken" / "plan", "new")
    assert refused.value.findings[0].code == "F803"


def test_errors_about_other_files_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), publish_folder(tmp_path / "plan"):
        (tmp_path / "no-such-log.csv").read_bytes()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_we_may_not_write_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MachineError) as refused:
        publish(tmp_path / "plan", "new")
    tmp_path.chmod(0o700)
    assert refused.value.findings[0].code == "F803"
