"""PLAN/whatif/: what a plan keeps so that it can be asked again, as plain checked arrays.

head.json holds what has no row; each array of rows is a .npy file of its own, mapped when read and
checked first: listed in plan.json with its sha256, of the declared type and shape, codes in range,
numbers finite. Nothing is unpickled. Row r is row r of assignments.parquet; no ids are kept.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.plan_json import load_document
from handful.delivery.record_json import from_json, to_json
from handful.delivery.stored import part_records
from handful.delivery.whatif_head import FORMAT, Head, head_of, with_sample_sizes
from handful.delivery.whatif_layout import (
    assembled,
    row_arrays,
    sample_arrays,
    samples_of,
    wanted,
)
from handful.errors import BriefError, DataError, blocked
from handful.planning.whatif_records import WhatIf
from handful.policy.artefact import read_policy

WHATIF_NAME: Final = "whatif"
HEAD_NAME: Final = "head.json"
AGAIN: Final = "Copy the folder again from where it was made, or make the plan again."


def write_whatif(whatif: WhatIf, folder: Path) -> None:
    """Write what questions are answered from; only its owner may read it.

    Args:
        whatif: of a plan.
        folder: the plan folder being written.

    Cost: O(size).
    """
    place = folder / WHATIF_NAME
    place.mkdir(mode=0o700)
    _write(place / HEAD_NAME, json.dumps(to_json(head_of(whatif))).encode("utf-8"))
    arrays = row_arrays(whatif)
    for name, sample in samples_of(whatif).items():
        arrays |= sample_arrays(name, sample)
    for name, array in arrays.items():
        _write(place / f"{name}.npy", _plain_bytes(np.ascontiguousarray(array)))


def _plain_bytes(array: np.ndarray) -> bytes:
    """Return a .npy file as bytes; objects are refused."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def read_whatif(folder: str | Path) -> WhatIf:
    """Read what a plan folder keeps for questions.

    Args:
        folder: what `handful plan --out` wrote.

    Returns:
        The same that `Plan.whatif` held, in single precision where that was; arrays of rows are
        mapped from their files.

    Raises:
        BriefError: F860 the plan kept nothing to ask.
        DataError: F861 a file is damaged, of another shape or kind, or not finite; and the codes
            of `read_policy`.

    Cost: O(size) once.
    """
    place = Path(folder)
    if not (place / WHATIF_NAME / HEAD_NAME).is_file() or not (place / "plan.json").is_file():
        message = f"expected a plan that keeps what can be asked, found none in {folder}."
        remedy = "Make the plan again without --no-studio."
        raise BriefError(blocked("F860", message, remedy))
    _check_digests(place)
    head = _head(place / WHATIF_NAME / HEAD_NAME)
    arrays = {
        name: _array(place / WHATIF_NAME / f"{name}.npy", *shape_and_kinds)
        for name, shape_and_kinds in wanted(head).items()
    }
    _check_values(head, arrays)
    return assembled(head, arrays, read_policy(place / "policy"))


def _check_digests(place: Path) -> None:
    """Refuse files that are not those that plan.json lists."""
    try:
        document = load_document((place / "plan.json").read_text(encoding="utf-8"))
        listed = {part["name"]: part["sha256"] for part in document["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged("plan.json", "it lists no files") from error
    folder = f"{WHATIF_NAME}/"
    told = {name: digest for name, digest in listed.items() if name.startswith(folder)}
    found = {
        folder + str(part["name"]): part["sha256"] for part in part_records(place / WHATIF_NAME)
    }
    for name in sorted({*told, *found}):
        if told.get(name) != found.get(name):
            raise _damaged(name, "it is not what plan.json lists")


def _head(path: Path) -> Head:
    try:
        head: Head = from_json(Head, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise _damaged(HEAD_NAME, str(error)) from error
    if head.format != FORMAT:
        raise _damaged(HEAD_NAME, f"expected the format {FORMAT}, found {head.format}")
    return head


def _array(path: Path, shape: tuple[int, ...], kinds: tuple[str, ...]) -> np.ndarray:
    """Map an array, refusing any that is not of the declared shape and kind."""
    if not path.is_file() or path.is_symlink():
        raise _damaged(path.name, "it is missing")
    try:
        # Not np.load: that would open an archive, too.
        found = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, OSError, SyntaxError) as error:
        raise _damaged(path.name, "it is no plain array") from error
    if found.shape != shape or found.dtype.str not in kinds:
        raise _damaged(path.name, f"expected {' or '.join(kinds)} of shape {shape}")
    return found


def _check_values(head: Head, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse codes out of range and numbers that are not finite; a missing feature is NaN."""
    tops = {"cluster": head.clusters, "stratum": len(head.support), "offer": len(head.offers)}
    for name, array in arrays.items():
        top = tops.get(name, len(head.offers))
        top = head.folds if name.endswith("_fold") else top
        top = head.rows if name.endswith("_rows") else top
        if name.startswith("feature"):
            good = array.dtype.kind != "f" or not np.isinf(array).any()
        elif array.dtype.kind == "f":
            good = bool(np.isfinite(array).all())
        elif array.dtype.kind == "b" or array.size == 0:
            good = True
        else:
            good = int(array.min()) >= 0 and int(array.max()) < top
        if not good:
            raise _damaged(f"{name}.npy", "it holds numbers out of range")
    if arrays["received"].size and float(arrays["received"].min()) <= 0.0:
        raise _damaged("received.npy", "it holds numbers out of range")


def _damaged(name: str, why: str) -> DataError:
    return DataError(blocked("F861", f"{WHATIF_NAME}: {name} cannot be used: {why}.", AGAIN))


def forget_rows(folder: Path, kept: np.ndarray) -> bool:
    """Take rows out of what a plan keeps for questions.

    Args:
        folder: of the plan.
        kept: (n,) False for the rows to take out.

    Returns:
        Whether there was anything to take them out of.

    Raises:
        DataError: F861 as `read_whatif`.

    Cost: O(size).
    """
    if not (folder / WHATIF_NAME / HEAD_NAME).is_file():
        return False
    whatif = read_whatif(folder)
    head = replace(head_of(whatif), rows=int(np.sum(kept)))
    place = folder / WHATIF_NAME
    for name, array in row_arrays(whatif).items():
        left = np.ascontiguousarray(array[..., kept])
        if name == "cluster":
            left = np.unique(left, return_inverse=True)[1].astype(left.dtype)
            head = replace(head, clusters=int(left.max(initial=-1)) + 1)
        with publish_file(place / f"{name}.npy", mode=PRIVATE) as staging:
            staging.write_bytes(_plain_bytes(left))
    head = _forget_samples(whatif, kept, place, head)
    with publish_file(place / HEAD_NAME, mode=PRIVATE) as staging:
        staging.write_bytes(json.dumps(to_json(head)).encode("utf-8"))
    return True


def _forget_samples(whatif: WhatIf, kept: np.ndarray, place: Path, head: Head) -> Head:
    """Take rows out of the samples of the worlds; those left are numbered anew."""
    number = np.cumsum(kept) - 1
    sizes = {}
    for name, sample in samples_of(whatif).items():
        stay = kept[sample.rows]
        sizes[name] = int(stay.sum())
        for file, array in sample_arrays(name, sample).items():
            left = np.ascontiguousarray(array[..., stay])
            left = number[left].astype(left.dtype) if file.endswith("_rows") else left
            with publish_file(place / f"{file}.npy", mode=PRIVATE) as staging:
                staging.write_bytes(_plain_bytes(left))
    return with_sample_sizes(head, sizes)
