"""The policy artefact: a folder of plain checked data that decides without a learner.

manifest.json says what there is; arrays.bin holds the numbers (docs/policy-format.md).
Nothing read back is ever run: no pickle, no code, no library's own model format. Reading goes
size caps -> sha256 -> layout -> meaning -> self-test rows that must come out bit for bit.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful import __version__
from handful.effects.predict import column_block, match_columns, predict_profit
from handful.errors import DataError, MachineError, blocked
from handful.experiment.records import Features, FeatureSchema
from handful.notation import IntArray
from handful.policy.manifest import Manifest, manifest_text, parse_manifest
from handful.policy.packing import Arrays, pack, policy_arrays, policy_from, unpack
from handful.policy.policy import UNKNOWN_STRATUM, assign
from handful.policy.records import Policy
from handful.policy.soundness import unsound

MANIFEST_NAME = "manifest.json"
ARRAYS_NAME = "arrays.bin"
SELF_TEST_ROWS = 200
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_ARRAYS_BYTES = 2**30
COPY_AGAIN = "Copy the policy folder again, or plan again."


def write_policy(
    policy: Policy, folder: Path, probe: Features, probe_stratum: IntArray | None
) -> None:
    """Write a policy as plain data with self-test rows; the same policy gives the same bytes.

    The self-test rows mix the probe's columns (each column is drawn from on its own), so that no
    row of the artefact is a customer.

    Args:
        policy: what to write; refused when it is not sound.
        folder: made if absent; must hold nothing else.
        probe: (m, p) features that self-test values are drawn from, the log's for example.
        probe_stratum: (m,) stratum codes to draw from; None for a policy with one stratum.

    Raises:
        DataError: P706 the policy is not sound; P701 the folder holds other files.
        OSError: the folder cannot be written.

    Cost O(size of the model).
    """
    _refuse_unsound(policy)
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_strangers(folder)
    packed = pack({**policy_arrays(policy), **_self_test(policy, probe, probe_stratum)})
    manifest = Manifest(
        library=f"handful {__version__}",
        currency=policy.currency,
        offers=policy.model.offers,
        menu=policy.menu,
        schema=policy.model.schema,
        strata_columns=policy.strata_columns,
        strata=policy.strata,
        shapes=packed.shapes,
        file_bytes=len(packed.content),
        file_sha256=hashlib.sha256(packed.content).hexdigest(),
        rule=policy.rule,
        chance=policy.chance,
        points=policy.points,
        give_way=policy.give_way,
    )
    (folder / ARRAYS_NAME).write_bytes(packed.content)
    (folder / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")


def read_policy(folder: Path) -> Policy:
    """Read a policy back and prove that it decides as it did when it was written.

    Args:
        folder: holds manifest.json and arrays.bin and nothing else.

    Returns:
        The policy; its arrays are read-only.

    Raises:
        DataError: P701 files missing or not expected; P702 a file is too large; P703 a size or
            sha256 differs; P704 the layout is not that of the format; P705 another format; P706
            the policy is not sound; P707 the self-test rows come out differently.
        MachineError: P708 a file cannot be read.

    Cost O(bytes): the two files are read once.
    """
    try:
        _refuse_strangers(folder)
        manifest = parse_manifest(_read_capped(folder / MANIFEST_NAME, MAX_MANIFEST_BYTES))
        content = _read_capped(folder / ARRAYS_NAME, MAX_ARRAYS_BYTES)
    except OSError as error:
        message = f"the policy folder '{folder}' cannot be read: {error.strerror}."
        raise MachineError(blocked("P708", message, "Check the path and its rights.")) from error
    found = hashlib.sha256(content).hexdigest()
    if len(content) != manifest.file_bytes or found != manifest.file_sha256:
        message = f"{ARRAYS_NAME}: size or sha256 is not what the manifest says."
        raise DataError(blocked("P703", message, COPY_AGAIN))
    arrays = unpack(content, manifest.shapes)
    policy = policy_from(manifest, arrays)
    _refuse_unsound(policy)
    _run_self_test(policy, arrays)
    return policy


def _refuse_strangers(folder: Path) -> None:
    """Refuse a folder that holds anything but the two files."""
    strange = {entry.name for entry in folder.iterdir()} - {MANIFEST_NAME, ARRAYS_NAME}
    if strange:
        message = f"the policy folder '{folder}' holds {len(strange)} other files."
        raise DataError(blocked("P701", message, "Keep a policy in a folder of its own."))


def _read_capped(path: Path, cap: int) -> bytes:
    """Read a regular file, refusing before it is read when it is larger than the cap."""
    if not path.is_symlink() and not path.exists():
        message = f"expected the file '{path.name}' in '{path.parent}'; it is missing."
        raise DataError(blocked("P701", message, COPY_AGAIN))
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        message = f"'{path.name}' is not a plain file."
        raise DataError(blocked("P701", message, COPY_AGAIN))
    if facts.st_size > cap:
        message = f"'{path.name}' has {facts.st_size} bytes; at most {cap} are read."
        raise DataError(blocked("P702", message, COPY_AGAIN))
    with path.open("rb") as file:
        return file.read(cap)


def _refuse_unsound(policy: Policy) -> None:
    faults = unsound(policy)
    if faults:
        raise DataError(
            [blocked("P706", f"the policy is not sound: {fault}.", COPY_AGAIN) for fault in faults]
        )


def _self_test(
    policy: Policy, probe: Features, probe_stratum: IntArray | None
) -> dict[str, NDArray[Any]]:
    """Draw self-test rows and record what the policy decides on them."""
    schema = policy.model.schema
    columns = match_columns(probe.schema, schema)
    rng = np.random.default_rng(0)
    values = np.full((SELF_TEST_ROWS, len(schema.names)), np.nan, order="F")
    everything = slice(None)
    if probe.values.shape[0]:
        for feature in range(values.shape[1]):
            known = column_block(probe, columns, feature, everything)
            values[:, feature] = rng.choice(known, SELF_TEST_ROWS)
    stratum = _self_test_strata(policy, probe_stratum, rng)
    return {"test_values": values, "test_stratum": stratum, **_outcome(policy, values, stratum)}


def _self_test_strata(
    policy: Policy, probe_stratum: IntArray | None, rng: np.random.Generator
) -> IntArray:
    """Draw strata from the probe, and a few that the experiment never saw."""
    strata = np.zeros(SELF_TEST_ROWS, dtype=np.int64)
    if probe_stratum is not None and probe_stratum.size:
        strata = rng.choice(probe_stratum, SELF_TEST_ROWS).astype(np.int64)
    if len(policy.strata) > 1:
        strata[::20] = UNKNOWN_STRATUM
    return strata


def _outcome(policy: Policy, values: NDArray[Any], stratum: IntArray) -> dict[str, NDArray[Any]]:
    features = Features(policy.model.schema, values)
    decided = assign(policy, features, stratum, range(SELF_TEST_ROWS))
    return {
        "test_offer": decided.offer,
        "test_reason": decided.reason,
        "test_expected_profit": decided.expected_profit,
        "test_profit": predict_profit(policy.model, features),
    }


def _run_self_test(policy: Policy, arrays: Arrays) -> None:
    """Refuse a policy that does not reproduce its self-test rows exactly."""
    values, stratum = arrays["test_values"], arrays["test_stratum"]
    shape = (SELF_TEST_ROWS, len(policy.model.schema.names))
    if values.shape != shape or stratum.shape != (SELF_TEST_ROWS,):
        raise _self_test_failed()
    if _codes_out_of_range(policy.model.schema, values):
        raise _self_test_failed()
    expected = _outcome(policy, np.asfortranarray(values), stratum)
    if not all(np.array_equal(arrays[name], found) for name, found in expected.items()):
        raise _self_test_failed()


def _codes_out_of_range(schema: FeatureSchema, values: NDArray[Any]) -> bool:
    """Is a level code of a self-test row not a level? It must not reach a table."""
    for feature, kind in enumerate(schema.kinds):
        codes = values[:, feature][~np.isnan(values[:, feature])]
        top = len(schema.levels[feature])
        if kind == "category" and not (np.isin(codes, np.arange(top))).all():
            return True
    return False


def _self_test_failed() -> DataError:
    message = "the policy does not decide its self-test rows as it did when it was written."
    return DataError(blocked("P707", message, COPY_AGAIN))
