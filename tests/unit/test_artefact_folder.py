"""The policy artefact: whole or refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_policy import made_features, made_policy

from handful.errors import DataError, HandfulError, MachineError
from handful.policy import artefact
from handful.policy.artefact import read_policy, write_policy
from handful.policy.manifest import manifest_text, parse_manifest
from handful.policy.packing import pack, unpack
from handful.policy.policy import assign

STRATUM = np.arange(400) % 3
SEED = 20_260_101


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_policy(made_policy(), tmp_path / "policy", made_features(), STRATUM)
    return tmp_path / "policy"


def _code(caught: pytest.ExceptionInfo[HandfulError]) -> str:
    return caught.value.findings[0].code


def _refusal(folder: Path) -> str | None:
    try:
        read_policy(folder)
    except HandfulError as error:
        return error.findings[0].code
    return None


def _same_decisions(folder: Path) -> bool:
    features = made_features(500, seed=9)
    stratum = np.arange(500) % 4 - 1
    first = assign(made_policy(), features, stratum)
    second = assign(read_policy(folder), features, stratum)
    return np.array_equal(first.offer, second.offer) and np.array_equal(
        first.expected_profit, second.expected_profit
    )


def test_what_is_written_is_read_back(folder: Path) -> None:
    policy, back = made_policy(), read_policy(folder)
    assert (back.menu, back.strata, back.currency) == (policy.menu, policy.strata, policy.currency)
    assert back.model.schema == policy.model.schema
    assert back.model.offers == policy.model.offers
    assert back.strata_columns == ("quarter",)
    assert _same_decisions(folder)


def test_the_same_policy_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_policy(made_policy(), tmp_path / "again", made_features(), STRATUM)
    for name in ("manifest.json", "arrays.bin"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_no_self_test_row_is_a_customer(folder: Path) -> None:
    rng = np.random.default_rng(3)
    features = made_features(1_000)
    features.values[:, 0] = features.values[:, 2] = rng.normal(size=1_000)
    write_policy(made_policy(), folder, features, None)
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    tested = unpack((folder / "arrays.bin").read_bytes(), manifest.shapes)["test_values"]
    assert tested.shape == (200, 3)
    # a customer has the same number twice; a mixed row does so only by chance
    assert (tested[:, 0] == tested[:, 2]).mean() < 0.05


def test_self_test_rows_reach_every_stratum_and_the_unknown_one(folder: Path) -> None:
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    arrays = unpack((folder / "arrays.bin").read_bytes(), manifest.shapes)
    assert set(arrays["test_stratum"].tolist()) == {-1, 0, 1, 2}
    assert len(set(arrays["test_offer"].tolist())) == 4


def test_a_model_without_trees_terms_or_features_survives(tmp_path: Path) -> None:
    from handful.effects.records import EffectsModel
    from handful.experiment.records import Features, FeatureSchema
    from handful.policy.records import Policy

    schema = FeatureSchema((), (), ())
    model = EffectsModel(schema, ("none", "mail"), np.array([0.0, 1.0]), (), None)
    yes = np.ones((1, 2), dtype=np.bool_)
    policy = Policy(model, (1,), (), ("all",), yes, np.zeros(2, np.int64), "EUR")
    write_policy(policy, tmp_path / "p", Features(schema, np.zeros((5, 0))), None)
    back = read_policy(tmp_path / "p")
    assert back.model.forest is None
    assert back.model.terms == ()
    assert assign(back, Features(schema, np.zeros((2, 0))), None).offer.tolist() == [1, 1]


@pytest.mark.parametrize("name", ["manifest.json", "arrays.bin"])
def test_random_edits_are_refused_or_harmless(folder: Path, name: str) -> None:
    rng = np.random.default_rng(SEED)
    path = folder / name
    whole = path.read_bytes()
    refused = 0
    for _ in range(250):
        edited = bytearray(whole)
        for place in rng.integers(0, len(whole), size=rng.integers(1, 5)):
            edited[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(edited))
        code = _refusal(folder)
        refused += code is not None
        if code is None:
            # only the white space of the manifest may change without harm
            assert name == "manifest.json"
            assert json.loads(bytes(edited)) == json.loads(whole)
        else:
            assert code.startswith("P7")
    assert refused >= 240


@pytest.mark.parametrize("name", ["manifest.json", "arrays.bin"])
def test_cut_or_longer_files_are_refused(folder: Path, name: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    lengths = sorted({0, 1, 63, 64, len(whole) // 2, len(whole) - 2})
    for edited in [whole[:length] for length in lengths] + [whole + b"\0", whole + whole]:
        path.write_bytes(edited)
        with pytest.raises(DataError, match=r"P70[345]"):
            read_policy(folder)


@pytest.mark.parametrize("name", ["manifest.json", "arrays.bin"])
def test_missing_files_and_links_are_refused(folder: Path, name: str, tmp_path: Path) -> None:
    (folder / name).rename(tmp_path / name)
    with pytest.raises(DataError) as caught:
        read_policy(folder)
    assert _code(caught) == "P701"
    (folder / name).symlink_to(tmp_path / name)
    with pytest.raises(DataError) as caught:
        read_policy(folder)
    assert _code(caught) == "P701"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        read_policy(tmp_path / "nowhere")
    assert _code(caught) == "P708"


def test_extra_files_are_refused(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        read_policy(folder)
    assert _code(caught) == "P701"
    with pytest.raises(DataError):
        write_policy(made_policy(), folder, made_features(), STRATUM)


@pytest.mark.parametrize("cap", ["MAX_MANIFEST_BYTES", "MAX_ARRAYS_BYTES"])
def test_large_files_are_refused_unread(
    folder: Path, cap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefact, cap, 100)
    with pytest.raises(DataError) as caught:
        read_policy(folder)
    assert _code(caught) == "P702"


Arrays = dict[str, np.ndarray]


def _forge(folder: Path, change: Callable[[Arrays], None]) -> None:
    """Change arrays and make every checksum right again, as a careful stranger would."""
    from dataclasses import replace

    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    arrays = {
        name: array.copy()
        for name, array in unpack((folder / "arrays.bin").read_bytes(), manifest.shapes).items()
    }
    change(arrays)
    packed = pack(arrays)
    (folder / "arrays.bin").write_bytes(packed.content)
    forged = replace(
        manifest,
        shapes=packed.shapes,
        file_bytes=len(packed.content),
        file_sha256=hashlib.sha256(packed.content).hexdigest(),
    )
    (folder / "manifest.json").write_text(manifest_text(forged))


def _set(name: str, place: object, value: object) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays[name][place] = value

    return change


def _resize(name: str, shape: tuple[int, ...]) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays[name] = np.resize(arrays[name], shape)

    return change


def _chain(length: int) -> Callable[[Arrays], None]:
    """One tree that goes down and down."""

    def change(arrays: Arrays) -> None:
        inner = np.arange(length)
        arrays["forest_roots"] = np.zeros(1)
        arrays["forest_feature"] = np.append(np.zeros(length), [-1, -1])
        arrays["forest_threshold"] = np.zeros(length + 2)
        arrays["forest_left"] = np.append(inner + 1, [0, 0])
        arrays["forest_right"] = np.append(np.full(length, length + 1), [0, 0])
        arrays["forest_missing_left"] = np.zeros(length + 2)

    return change


FORGERIES = {
    "child points back": (_set("forest_left", 1, 0), "P706"),
    "child points to itself": (_set("forest_right", 0, 0), "P706"),
    "child out of range": (_set("forest_left", 0, 999_999), "P706"),
    "root out of range": (_set("forest_roots", 0, -1), "P706"),
    "feature out of range": (_set("forest_feature", 0, 5_000), "P706"),
    "feature below -1": (_set("forest_feature", 0, -2), "P706"),
    "leaf row out of range": (_set("forest_left", 3, 10**12), "P706"),
    "leaf not finite": (_set("forest_leaves", 0, np.nan), "P706"),
    "threshold infinite": (_set("forest_threshold", 0, np.inf), "P706"),
    "too deep": (_chain(100), "P706"),
    "nodes of unequal length": (_resize("forest_right", (3,)), "P706"),
    "term feature": (_set("term_feature", 0, 7), "P706"),
    "term edges fall": (_set("term_edges", 0, 9.0), "P706"),
    "term edges NaN": (_set("term_edges", 0, np.nan), "P706"),
    "term table infinite": (_set("term_table", 0, np.inf), "P706"),
    "term range falls": (_set("term_range", (0, 0), 50.0), "P706"),
    "term centre": (_set("term_range", (0, 2), np.nan), "P706"),
    "term counts do not add up": (_set("term_row_count", 0, 4), "P704"),
    "term count negative": (_set("term_row_count", 0, -1), "P704"),
    "term count huge": (_set("term_edge_count", 0, 2**62), "P704"),
    "terms of unequal length": (_resize("term_slope", (1, 4)), "P704"),
    "slope of a category": (_set("term_slope", 1, 1.0), "P706"),
    "constant missing": (_resize("constant", (3,)), "P706"),
    "constant beyond all money": (_set("constant", 0, 1e200), "P706"),
    "fallback out of range": (_set("fallback", 0, 4), "P706"),
    "support too small": (_resize("support", (2, 4)), "P706"),
    "another constant": (_set("constant", 0, 1.25), "P707"),
    "another support": (_set("support", (0, 1), 0), "P707"),
    "self-test profit": (_set("test_profit", (0, 0), 0.0), "P707"),
    "self-test level": (_set("test_values", (0, 1), 17.0), "P707"),
    "self-test level between": (_set("test_values", (0, 1), 0.5), "P707"),
    "self-test stratum": (_set("test_stratum", 0, 99), "P710"),
    "self-test cut": (_resize("test_values", (10, 3)), "P707"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_with_right_checksums_are_refused(folder: Path, name: str) -> None:
    change, code = FORGERIES[name]
    _forge(folder, change)
    with pytest.raises(DataError) as caught:
        read_policy(folder)
    assert _code(caught) == code


def test_a_forgery_that_changes_nothing_is_read(folder: Path) -> None:
    _forge(folder, lambda arrays: None)
    assert _same_decisions(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"format": "handful.policy/1"}',
        '{"format": "handful.policy/9"}',
        '{"format": NaN}',
        "[" * 100_000,
        '{"a": ' * 100_000,
        '{"format": "handful.policy/1", "format": "handful.policy/1"}',
        "9" * 10_000,
    ],
)
def test_odd_manifests_are_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"P70[45]"):
        read_policy(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("menu", [3, 1]),
        ("menu", []),
        ("menu", [1.5]),
        ("menu", [True]),
        ("menu", [10**30]),
        ("offers", ["none", "none", "voucher", "gift"]),
        ("offers", "none"),
        ("offers", [1, 2, 3, 4]),
        ("strata", ["q1", "q1", "q3"]),
        ("strata", []),
        ("features", []),
        ("features", [{"name": "age", "kind": "tensor", "levels": []}]),
        ("features", [{"name": "age"}]),
        ("arrays", []),
        ("arrays", [{"name": "support", "shape": [10**30, 10**30]}]),
        ("file", {"bytes": -1, "sha256": ""}),
        ("currency", None),
        ("library", 1),
    ],
)
def test_wrong_entries_with_a_right_checksum_are_refused(
    folder: Path, key: str, value: object
) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    content[key] = value
    content.pop("sha256")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    content["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"P70[346]"):
        read_policy(folder)


def test_lengths_beyond_any_memory_are_refused_before_anything_is_made(folder: Path) -> None:
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    shapes = tuple((name, (0,) * (len(shape) - 1) + (10**15,)) for name, shape in manifest.shapes)
    with pytest.raises(DataError, match="P704"):
        unpack(b"", shapes)


def test_an_unsound_policy_is_not_written(tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(DataError, match="P706"):
        write_policy(replace(made_policy(), menu=(9,)), tmp_path / "p", made_features(), STRATUM)
    assert not (tmp_path / "p").exists()


def test_reading_and_deciding_need_no_learner_and_no_frames(folder: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from handful.policy.artefact import read_policy\n"
        "from handful.policy.decide import decide\n"
        "policy = read_policy(Path(sys.argv[1]))\n"
        "print(decide(policy, {'age': 1.0, 'zip': 'urban', 'spend': None}, 'q1').offer)\n"
        "heavy = {'pandas', 'polars', 'scipy', 'sklearn', 'xgboost', 'pyarrow', 'duckdb',\n"
        "         'narwhals', 'pickle5', 'joblib'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    offer, heavy = ran.stdout.split("\n")[:2]
    assert offer in {"mail", "voucher", "gift"}
    assert heavy == "[]"
