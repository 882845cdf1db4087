"""The manifest of a policy artefact: what the folder holds, as checked JSON.

The manifest names the offers, features, strata and arrays, and carries the size and sha256 of the
array file and of itself. It is read with one strict JSON parser: no duplicate keys, no NaN.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handful.errors import DataError, blocked
from handful.experiment.records import FeatureSchema, Kind
from handful.notation import SCHEMA_POLICY
from handful.policy.points import points_document, read_points
from handful.policy.records import Chance, GiveWay, OfferPoints, RuleTree
from handful.policy.rule_json import read_rule, rule_document

KINDS: Mapping[str, Kind] = {"number": "number", "category": "category"}
MANIFEST_KEYS = frozenset(
    {
        "format",
        "library",
        "currency",
        "offers",
        "menu",
        "features",
        "strata_columns",
        "strata",
        "arrays",
        "file",
        "sha256",
    }
)

OPTIONAL_KEYS = frozenset({"rule", "chance", "points", "give_way"})
"""Keys that stand only in the manifest of a policy that uses them."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What manifest.json says.

    Attributes:
        library: name and version of the writer.
        currency: of the expected profits.
        offers: (G,) offer names.
        menu: codes of the offers in use.
        schema: the features the model reads.
        strata_columns: columns that name a customer's stratum.
        strata: (S,) stratum labels.
        shapes: shape of every array, by name, in the order of the array file.
        file_bytes: size of the array file.
        file_sha256: sha256 of the array file.
        rule: the rule that decides; None where the model's predictions do.
        chance: offers drawn over the policy's own; None where there are none.
        points: the numbers behind the offers' names; None where there are none.
        give_way: offers that compete but give way to the default; None where none do.
    """

    library: str
    currency: str
    offers: tuple[str, ...]
    menu: tuple[int, ...]
    schema: FeatureSchema
    strata_columns: tuple[str, ...]
    strata: tuple[str, ...]
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    file_bytes: int
    file_sha256: str
    rule: RuleTree | None = None
    chance: Chance | None = None
    points: OfferPoints | None = None
    give_way: GiveWay | None = None


def manifest_text(manifest: Manifest) -> str:
    """Return manifest.json, its own sha256 included: the same bytes for the same policy.

    Example:
        >>> empty = Manifest("handful 0", "USD", ("none",), (0,), FeatureSchema((), (), ()), (),
        ...                  ("all",), (), 0, "0" * 64)
        >>> parse_manifest(manifest_text(empty).encode()) == empty
        True
    """
    schema = manifest.schema
    content: dict[str, object] = {
        "format": SCHEMA_POLICY,
        "library": manifest.library,
        "currency": manifest.currency,
        "offers": list(manifest.offers),
        "menu": list(manifest.menu),
        "features": [
            {"name": name, "kind": kind, "levels": list(levels)}
            for name, kind, levels in zip(schema.names, schema.kinds, schema.levels, strict=True)
        ],
        "strata_columns": list(manifest.strata_columns),
        "strata": list(manifest.strata),
        "arrays": [{"name": name, "shape": list(shape)} for name, shape in manifest.shapes],
        "file": {"bytes": manifest.file_bytes, "sha256": manifest.file_sha256},
    }
    if manifest.rule is not None:
        content["rule"] = rule_document(manifest.rule, schema, manifest.offers)
    if manifest.chance is not None:
        content["chance"] = {
            "offers": list(manifest.chance.offers),
            "probability": list(manifest.chance.probability),
            "salt": manifest.chance.salt,
        }
    if manifest.points is not None:
        content["points"] = points_document(manifest.points)
    if manifest.give_way is not None:
        content["give_way"] = {
            "ranked": list(manifest.give_way.ranked),
            "default": manifest.give_way.default,
        }
    content["sha256"] = _digest(content)
    return json.dumps(content, indent=1) + "\n"


def parse_manifest(text: bytes) -> Manifest:
    """Read manifest.json and check its format, its own sha256 and the type of every entry.

    Args:
        text: the bytes of the file.

    Raises:
        DataError: P705 the format is unknown; P703 the content does not match its sha256; P704
            the file is not such a manifest.

    Cost O(bytes).
    """
    content = _parse_json(text)
    if content.get("format") != SCHEMA_POLICY:
        message = f"manifest.json: expected the format '{SCHEMA_POLICY}'; found another."
        raise DataError(blocked("P705", message, "Write the plan again with this version."))
    if set(content) - OPTIONAL_KEYS != MANIFEST_KEYS:
        raise _malformed("the keys are not those of the format")
    sha256 = content.pop("sha256")
    if sha256 != _digest(content):
        message = "manifest.json: the content does not match its own sha256."
        raise DataError(blocked("P703", message, "Copy the policy folder again, or plan again."))
    features = [_fields(entry, ("name", "kind", "levels")) for entry in _list(content["features"])]
    arrays = [_fields(entry, ("name", "shape")) for entry in _list(content["arrays"])]
    file = _fields(content["file"], ("bytes", "sha256"))
    schema = FeatureSchema(
        names=_texts(entry["name"] for entry in features),
        kinds=tuple(_kind(entry["kind"]) for entry in features),
        levels=tuple(_texts(_list(entry["levels"])) for entry in features),
    )
    offers = _texts(content["offers"])
    return Manifest(
        library=_text(content["library"]),
        currency=_text(content["currency"]),
        offers=offers,
        menu=_counts(content["menu"]),
        schema=schema,
        strata_columns=_texts(content["strata_columns"]),
        strata=_texts(content["strata"]),
        shapes=tuple((_text(entry["name"]), _counts(entry["shape"])) for entry in arrays),
        file_bytes=_count(file["bytes"]),
        file_sha256=_text(file["sha256"]),
        rule=_rule(content["rule"], schema, offers) if "rule" in content else None,
        chance=_chance(content["chance"]) if "chance" in content else None,
        points=_points(content["points"]) if "points" in content else None,
        give_way=_give_way(content["give_way"]) if "give_way" in content else None,
    )


def _give_way(entry: object) -> GiveWay:
    found = _fields(entry, ("ranked", "default"))
    return GiveWay(_counts(found["ranked"]), _count(found["default"]))


def _points(entry: object) -> OfferPoints:
    try:
        return read_points(entry)
    except ValueError as error:
        raise _malformed(f"points: {error}") from error


def _chance(entry: object) -> Chance:
    found = _fields(entry, ("offers", "probability", "salt"))
    probability = tuple(_number(share) for share in _list(found["probability"]))
    return Chance(_counts(found["offers"]), probability, _text(found["salt"]))


def _number(entry: object) -> float:
    if not isinstance(entry, int | float) or isinstance(entry, bool):
        raise _malformed("expected a number")
    return float(entry)


def _rule(entry: object, schema: FeatureSchema, offers: tuple[str, ...]) -> RuleTree:
    try:
        return read_rule(entry, schema, offers)
    except ValueError as error:
        raise _malformed(f"rule: {error}") from error


def _digest(content: Mapping[str, object]) -> str:
    """Return the sha256 of the content without its own sha256, in one canonical spelling."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _parse_json(text: bytes) -> dict[str, object]:
    try:
        content = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise _malformed("it is not valid JSON") from error
    if not isinstance(content, dict):
        raise _malformed("expected a JSON object")
    return content


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("duplicate key")
    return content


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _malformed(reason: str) -> DataError:
    message = f"manifest.json: {reason}."
    return DataError(blocked("P704", message, "Copy the policy folder again, or plan again."))


def _fields(entry: object, keys: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(entry, dict) or set(entry) != set(keys):
        raise _malformed(f"expected an entry with the keys {', '.join(keys)}")
    return entry


def _list(entry: object) -> list[object]:
    if not isinstance(entry, list):
        raise _malformed("expected a list")
    return entry


def _text(entry: object) -> str:
    if not isinstance(entry, str):
        raise _malformed("expected a text")
    return entry


def _texts(entries: object) -> tuple[str, ...]:
    found = entries if isinstance(entries, Iterable) else _list(entries)
    return tuple(_text(entry) for entry in found)


def _count(entry: object) -> int:
    if not isinstance(entry, int) or isinstance(entry, bool) or entry < 0:
        raise _malformed("expected a whole number of at least 0")
    return entry


def _counts(entries: object) -> tuple[int, ...]:
    return tuple(_count(entry) for entry in _list(entries))


def _kind(entry: object) -> Kind:
    if not isinstance(entry, str) or entry not in KINDS:
        raise _malformed("a feature is neither a number nor a category")
    return KINDS[entry]
