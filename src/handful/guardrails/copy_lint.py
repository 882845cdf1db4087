"""What a message may say: only what the customer told us, or plainly saw us see.

Templates are parsed by Jinja's sandboxed environment and never rendered. Every name, attribute and
subscript that a template reads is looked up in the brief's provenance; a reading that cannot be
told from the text (a computed subscript, a call, an included file) is refused, for the lint would
otherwise prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from handful.brief.origins import Origin, origin_of

MAY_SPEAK: Final = frozenset({"declared", "observed", "ours"})
UNSUBSCRIBE: Final = frozenset({"unsubscribe_url", "unsubscribe_link"})
PRIVACY: Final = frozenset({"privacy_url", "privacy_link"})
OURS: Final = UNSUBSCRIBE | PRIVACY | {"preferences_url", "offer", "offer_name"}
"""Fields that every message may name: links of ours, and the offer itself."""

_BY_NAME: Final = frozenset(
    {"attr", "map", "sort", "groupby", "selectattr", "rejectattr", "unique", "sum", "min", "max"}
)
"""Filters that read an attribute whose name is an argument."""

_OUTSIDE: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_HIDDEN: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.IGNORECASE
)
_NOTICE: Final = re.compile(r"https?://\S*privacy|https?://\S*datenschutz", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CopyFault:
    """Something a template may not do.

    Attributes:
        line: of the template; 0 where it concerns the whole.
        field: what was read; "" where it is no field.
        reason: why it is refused, in words.
    """

    line: int
    field: str
    reason: str


def fields_read(text: str) -> tuple[tuple[str, int], ...]:
    """Return every field that a template reads, with its line: names, attributes, subscripts.

    A name that the template sets itself is no field, but its attributes are.

    Args:
        text: the template.

    Raises:
        jinja2.TemplateSyntaxError: it cannot be parsed.

    Cost: O(length).

    Example:
        >>> fields_read("Hi {{ customer.first_name|upper }}")
        (('first_name', 1),)
    """
    tree = SandboxedEnvironment(autoescape=True).parse(text)
    return tuple(dict.fromkeys(_fields(tree)))


def _fields(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    free = meta.find_undeclared_variables(tree)
    carriers = {id(node) for node in _carriers(tree)}
    for name in tree.find_all(nodes.Name):
        # `customer` in customer.age only carries the field; on its own it is one.
        if name.ctx == "load" and name.name in free and id(name) not in carriers:
            yield name.name, name.lineno
    for access in tree.find_all(nodes.Getattr):
        if not (isinstance(access.node, nodes.Name) and access.node.name == "loop"):
            yield access.attr, access.lineno
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            yield item.arg.value, item.lineno
    for use in tree.find_all(nodes.Filter):
        for argument in (*use.args, *(pair.value for pair in use.kwargs)):
            if use.name in _BY_NAME and isinstance(argument, nodes.Const):
                yield from ((part, use.lineno) for part in _parts(argument.value))


def _carriers(tree: nodes.Template) -> Iterator[nodes.Name]:
    """Find the names that fields are taken from: `customer` in customer.age."""
    held = [access.node for access in tree.find_all(nodes.Getattr)]
    held += [item.node for item in tree.find_all(nodes.Getitem)]
    yield from (node for node in held if isinstance(node, nodes.Name))


def _parts(value: object) -> list[str]:
    return value.split(".") if isinstance(value, str) else []


def lint_template(
    text: str, origins: Mapping[str, Origin], *, email: bool
) -> tuple[CopyFault, ...]:
    r"""Return everything that a template may not do, in the order of its lines.

    Args:
        text: the template.
        origins: the brief's provenance.
        email: True when it goes out by e-mail: it must then carry a link to unsubscribe and one to
            the privacy notice, in plain sight and outside any condition.

    Returns:
        Faults; () when it may be sent.

    Cost: O(length).

    Example:
        >>> origins = {"city": Origin("declared"), "mood": Origin("inferred")}
        >>> lint_template("{{ city }}\n{{ mood }}", origins, email=False)
        (CopyFault(line=2, field='mood', reason='is inferred: it may steer an offer, not be said'),)
    """
    try:
        tree = SandboxedEnvironment(autoescape=True).parse(text)
        return _faults(tree, origins, email=email)
    except TemplateSyntaxError as error:
        return (CopyFault(error.lineno or 0, "", f"cannot be parsed: {error.message}"),)
    except RecursionError:
        return (CopyFault(0, "", "cannot be parsed: it is nested too deeply"),)


def _faults(
    tree: nodes.Template, origins: Mapping[str, Origin], *, email: bool
) -> tuple[CopyFault, ...]:
    read = dict.fromkeys(_fields(tree))
    known = [(node.name, node.lineno) for node in _carriers(tree) if node.name in origins]
    faults = [
        CopyFault(line, field, why)
        for field, line in (read | dict.fromkeys(known))
        if (why := _unspeakable(field, origins))
    ]
    faults += _untold(tree)
    if email:
        faults += _missing_links(tree)
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.field)))


def _unspeakable(field: str, origins: Mapping[str, Origin]) -> str:
    """Say why a field may not be spoken; "" when it may."""
    how = origin_of(origins, field).how if field in origins else None
    if field in OURS or how in MAY_SPEAK:
        return ""
    if how is None:
        return "has no entry in guardrails.provenance"
    if how == "sensitive":
        return "is sensitive: it may be neither said nor used"
    return f"is {how}: it may steer an offer, not be said"


def _untold(tree: nodes.Template) -> Iterator[CopyFault]:
    """Find readings that the text does not tell."""
    for item in tree.find_all(nodes.Getitem):
        if not isinstance(item.arg, nodes.Const | nodes.Slice):
            yield CopyFault(item.lineno, "", "a computed subscript hides which field is read")
    for call in tree.find_all(nodes.Call):
        yield CopyFault(call.lineno, "", "a call hides what is read; use filters")
    for use in tree.find_all(nodes.Filter):
        given = (*use.args, *(pair.value for pair in use.kwargs))
        spread = use.dyn_args is not None or use.dyn_kwargs is not None
        computed = spread or not all(isinstance(a, nodes.Const) for a in given)
        if use.name in _BY_NAME and computed:
            yield CopyFault(use.lineno, "", f"the filter {use.name} hides which field is read")
    for other in tree.find_all(_OUTSIDE):
        yield CopyFault(other.lineno, "", "another file is brought in; write its text here")


def _missing_links(tree: nodes.Template) -> Iterator[CopyFault]:
    """Look for the two links where every reader gets them: outside any condition or comment."""
    seen = "".join(_always_shown(tree.body))
    seen = re.sub(r"<!--.*?-->", "", seen, flags=re.DOTALL)
    seen = re.sub(r"<[^>]*>", lambda tag: "" if _HIDDEN.search(tag[0]) else tag[0], seen)
    if not any(_mark(name) in seen for name in UNSUBSCRIBE):
        yield CopyFault(0, "unsubscribe_url", "is missing: leaving must be one click away for all")
    if not any(_mark(name) in seen for name in PRIVACY) and not _NOTICE.search(seen):
        yield CopyFault(0, "privacy_url", "is missing: every message links to the privacy notice")


def _mark(name: str) -> str:
    return f"\0{name}\0"


def _always_shown(body: list[nodes.Node]) -> Iterator[str]:
    for node in body:
        if isinstance(node, nodes.Block):
            yield from _always_shown(node.body)
        for part in node.nodes if isinstance(node, nodes.Output) else ():
            while isinstance(part, nodes.Filter) and part.node is not None:
                part = part.node
            if isinstance(part, nodes.TemplateData):
                yield part.data
            elif isinstance(part, nodes.Name):
                yield _mark(part.name)
            elif isinstance(part, nodes.Getattr):
                yield _mark(part.attr)


def spoken_text(text: str) -> str:
    """Return what a template says whatever the customer: its text without marks and tags.

    Example:
        >>> spoken_text("<b>Hello</b> {{ name }}")
        'Hello'
    """
    try:
        tree = SandboxedEnvironment(autoescape=True).parse(text)
        said = " ".join(part.data for part in tree.find_all(nodes.TemplateData))
    except (TemplateSyntaxError, RecursionError):
        return ""
    return " ".join(re.sub(r"<[^>]*>", " ", said).split())
