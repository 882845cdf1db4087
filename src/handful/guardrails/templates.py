"""The message templates that a brief names: which file speaks for which offer, on which channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from handful.brief.guardrails import GuardrailsSpec
from handful.brief.schema import Brief
from handful.errors import BriefError, Finding, blocked
from handful.guardrails.copy_lint import spoken_text
from handful.guardrails.sensitive import words_of

ENDINGS: Final = frozenset({".txt", ".html", ".htm", ".j2", ".jinja", ".jinja2", ".md", ".mjml"})
LARGEST: Final = 1_000_000
"""Bytes of one template at most."""


@dataclass(frozen=True, slots=True)
class Template:
    """One message template.

    Attributes:
        name: of the file.
        offer: the offer it speaks for; None where no offer is called like the file.
        channel: of that offer, as the brief says; None where it does not.
        text: the template.
    """

    name: str
    offer: str | None
    channel: str | None
    text: str

    @property
    def spoken(self) -> str:
        """What it says whatever the customer."""
        return spoken_text(self.text)

    @property
    def by_email(self) -> bool:
        """Does it go out by e-mail? A message without a channel is held to the same rule."""
        return self.channel is None or "mail" in words_of(self.channel).split()[-1]


def read_templates(brief: Brief) -> tuple[Template, ...]:
    """Read the templates of a brief, in the order of their names.

    Args:
        brief: `guardrails.templates` is a folder (a file speaks for the offer it is named after) or
            a table offer -> file; both start at the brief's folder.

    Raises:
        BriefError: G040 files that cannot be read, all at once; G041 a folder without templates.

    Cost: O(bytes).
    """
    asked, home = brief.guardrails, Path(brief.folder)
    if asked.templates is None:
        return ()
    problems: list[Finding] = []
    pairs = list(_files(asked, home))
    texts = [(file, offer, _text(file, problems)) for file, offer in pairs]
    if not pairs:
        message = f"guardrails.templates: expected message templates in {asked.templates}."
        problems.append(blocked("G041", message, f"Their names end with {', '.join(ENDINGS)}."))
    if problems:
        raise BriefError(problems)
    return tuple(
        Template(file.name, offer, asked.channels.get(offer or ""), text)
        for file, offer, text in texts
    )


def _files(asked: GuardrailsSpec, home: Path) -> Iterator[tuple[Path, str | None]]:
    named = asked.templates
    if named is None:
        return
    if not isinstance(named, str):
        yield from ((home / file, offer) for offer, file in sorted(named.items()))
        return
    folder = home / named
    offers = {words_of(offer): offer for offer in asked.channels}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if file.suffix in ENDINGS and file.is_file():
            yield file, offers.get(words_of(file.name.split(".")[0]))


def _text(file: Path, problems: list[Finding]) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST:,} bytes")
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"guardrails.templates: {file.name} cannot be read: {reason}."
        problems.append(blocked("G040", message, "Correct the path, or save it as UTF-8."))
        return ""
