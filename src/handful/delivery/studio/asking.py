"""What-if questions of one plan: one at a time, the newest first served, none for ever."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path
from typing import Any, Final

from handful.delivery.plan_json import plain
from handful.delivery.studio.bodies import Question
from handful.delivery.studio.refusing import CONFLICT, UNREADY, refusal
from handful.errors import HandfulError

LONGEST_S: Final = 20.0
"""Seconds that an answer may take."""


class Asker:
    """Answers questions about one plan in a thread of its own.

    A machine's question that waits while a newer one comes is not computed at all: whoever turns a
    dial wants the last setting, not every one on the way. A page's question is computed in its
    turn: its script keeps back all but the newest itself, and other people look at other settings.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="whatif")
        self._count = threading.Lock()
        self._newest = 0
        self._kept: Any = None
        self._planned: dict[str, Any] | None = None
        self._reasons: Any = None

    def ask(self, question: Question) -> dict[str, Any]:
        """Answer a question with the fields that docs/studio.md names.

        Raises:
            RefusalError: 409 F887 a newer question came; 503 F888 it took too long.
            HandfulError: F860, F861 nothing to ask; the engine's own refusals.
        """
        with self._count:
            self._newest += 1
            mine = self._newest

        def answer() -> dict[str, Any]:
            if mine != self._newest:
                message = "a newer question came before this one was answered."
                raise refusal(CONFLICT, "F887", message, "Read the newer answer.")
            return _answer(self._whatif(), question)

        found: dict[str, Any] = _within_time(self._worker.submit(answer))
        return found

    def show(self, question: Question) -> dict[str, Any]:
        """Answer a page's question, in its turn; the plan's own settings are computed once.

        Raises:
            RefusalError: 503 F888 it took too long.
            HandfulError: as `ask`.
        """
        if question == Question() and self._planned is not None:
            return self._planned
        computed = self._worker.submit(lambda: _answer(self._whatif(), question))
        found: dict[str, Any] = _within_time(computed)
        if question == Question():
            self._planned = found
        return found

    def explain(self, row: int) -> dict[str, Any]:
        """Say why one row gets its offer.

        Args:
            row: of assignments.parquet, from 0.

        Raises:
            RefusalError: 503 F888 it took too long.
            HandfulError: as `ask`.
        """

        def told() -> dict[str, Any]:
            # Loaded with the first question: a studio that only serves does not pay for it.
            from handful.planning.whatif_explain import explain

            said: dict[str, Any] = plain(explain(self._whatif(), row, None, self._reason(row)))
            return said

        found: dict[str, Any] = _within_time(self._worker.submit(told))
        return found

    def why_not(self) -> str:
        """Return why questions cannot be asked, in words; "" where they can."""
        try:
            _within_time(self._worker.submit(self._whatif))
        except HandfulError as error:
            return " ".join(f"{found.message} {found.remedy}" for found in error.findings)
        return ""

    def close(self) -> None:
        """Start no further answers."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _whatif(self) -> Any:  # noqa: ANN401 - the engine's record, read with the first question
        if self._kept is None:
            from handful.delivery.whatif_file import read_whatif

            self._kept = read_whatif(self._folder)
        return self._kept

    def _reason(self, row: int) -> str | None:
        """Return the reason that the plan's own list gives for a row; None without the list."""
        file = self._folder / "assignments.parquet"
        if self._reasons is None and file.is_file():
            import pyarrow.parquet as pq

            self._reasons = pq.read_table(file, columns=["reason"])["reason"].combine_chunks()
        return None if self._reasons is None else str(self._reasons[row].as_py())


def read_address(query: Mapping[str, str]) -> dict[str, Any]:
    """Return what an address asks, as in the body of a question; empty boxes ask nothing.

    Args:
        query: such as {"offers": "3", "assumption.margin": "0.25"}; other names are left alone.

    Raises:
        ValueError: what should be a finite number is none.

    Example:
        >>> read_address({"offers": "3", "assumption.margin": "0.25", "budget": "", "row": "x"})
        {'offers': 3, 'assumptions': {'margin': 0.25}}
    """
    found: dict[str, Any] = {}
    tables = {"assumption": "assumptions", "capacity": "capacities"}
    for name, text in query.items():
        kind, _, rest = name.partition(".")
        if not text.strip():
            continue
        if name == "offers":
            found[name] = int(text)
        elif name in {"setup_cost", "population", "budget"}:
            found[name] = _finite(text)
        elif kind in tables and rest:
            found.setdefault(tables[kind], {})[rest] = _finite(text)
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _answer(whatif: Any, question: Question) -> dict[str, Any]:  # noqa: ANN401
    from handful.planning.whatif import ask
    from handful.planning.whatif_records import Question as Asked

    asked = Asked(
        offers=question.offers,
        setup_cost=question.setup_cost,
        population=question.population,
        assumptions=question.assumptions,
        budget=question.budget,
        capacities=question.capacities,
    )
    found: dict[str, Any] = plain(ask(whatif, asked))
    return found


def _within_time(answer: Future[Any]) -> Any:  # noqa: ANN401 - whatever is computed
    try:
        return answer.result(LONGEST_S)
    except TookTooLong:
        answer.cancel()
        message = f"the answer took more than {LONGEST_S:g} seconds."
        raise refusal(UNREADY, "F888", message, "Ask again, or ask for fewer changes.") from None
