"""Starts the studio: plans, store, token, address, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from handful.delivery.locks import exclusive
from handful.delivery.secret_key import secret_of
from handful.delivery.studio.app import build_app, close_studio, log_to_stderr
from handful.delivery.studio.database import Database
from handful.delivery.studio.fence import Rules
from handful.delivery.studio.postgres import open_postgres
from handful.delivery.studio.shelf import Shelf, fill_shelf
from handful.delivery.studio.sqlite import open_sqlite
from handful.delivery.studio.store import Store, open_store
from handful.errors import BriefError, MachineError, blocked

_SQLITE: Final = "sqlite:///"
STORE_NAME: Final = "handful-studio.sqlite"
SHORTEST_TOKEN: Final = 20
_LONGEST_STOP_S: Final = 5
_MOST_AT_ONCE: Final = 100
_WAITING: Final = 128
_ANYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, never bound


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be served, and where.

    Attributes:
        plans: folders.
        host: address to listen at.
        port: 0 for any that is free.
        store: sqlite:///FILE or postgresql://...; None for a file beside the first plan.
        token_file: holds the token; None where none is asked for.
        names: further names that the studio is reached by.
    """

    plans: tuple[Path, ...]
    host: str = "127.0.0.1"
    port: int = 8765
    store: str | None = None
    token_file: Path | None = None
    names: tuple[str, ...] = ()


def serve(wanted: Wanted, ready: Callable[[str, Shelf], None]) -> None:
    """Serve plans until the process is asked to stop.

    Args:
        wanted: what and where.
        ready: told the address, and what is shown, once requests are taken.

    Raises:
        BriefError: F871 a public address without a token, or without a name; F872 the token;
            F893 the store's address.
        MachineError: F870 the port is taken; F874 the store; F801 another studio uses it; and G074.
        DataError: F878 the history was edited; and, where no plan can be shown, those of the first.
    """
    rules_of = _token_rules(wanted)
    shelf = fill_shelf(wanted.plans)
    with _listening(wanted) as listener, _opened(wanted, shelf) as store:
        port = listener.getsockname()[1]
        rules = rules_of(port)
        app, studio = build_app(shelf, store, rules, log_to_stderr)
        ready(f"http://{_bracketed(_reached(wanted))}:{port}/", shelf)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            lifespan="off",
            proxy_headers=False,
            limit_concurrency=_MOST_AT_ONCE,
            timeout_graceful_shutdown=_LONGEST_STOP_S,
        )
        try:
            server = uvicorn.Server(config)
            with _stopping(server):
                asyncio.run(server.serve(sockets=[listener]))
        finally:
            close_studio(studio)


def _token_rules(wanted: Wanted) -> Callable[[int], Rules]:
    """Return the fence's rules, still to be told the port; refuse what would be open to anybody."""
    local = _is_local(wanted.host)
    token = "" if wanted.token_file is None else _token(wanted.token_file)
    if not local and not token:
        message = f"{wanted.host} can be reached by others, and no token is asked of them."
        remedy = "Give --token-file FILE, or leave --host out to serve this machine alone."
        raise BriefError(blocked("F871", message, remedy))
    if wanted.host in _ANYWHERE and not wanted.names:
        message = "listening everywhere needs the name that the studio is reached by."
        raise BriefError(blocked("F871", message, "Give it with --name."))
    own = ("127.0.0.1", "localhost", "::1") if local else (wanted.host,)
    names = [_bracketed(name.lower()) for name in (*own, *wanted.names) if name not in _ANYWHERE]

    def rules(port: int) -> Rules:
        return Rules(frozenset({f"{name}:{port}" for name in names} | set(names)), token)

    return rules


def _token(file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip()
        open_to_others = stat.S_IMODE(file.stat().st_mode) & 0o077
    except (OSError, UnicodeDecodeError):
        message = f"expected a token in {file}; it cannot be read."
        raise BriefError(blocked("F872", message, "Check the path.")) from None
    if open_to_others:
        message = f"{file} may be read by others; a token must not be."
        raise BriefError(blocked("F872", message, f"Run chmod 600 {file}."))
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        message = f"expected at least {SHORTEST_TOKEN} plain characters in {file}."
        remedy = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'."
        raise BriefError(blocked("F872", message, remedy))
    return token


@contextlib.contextmanager
def _listening(wanted: Wanted) -> Iterator[socket.socket]:
    """Take the address before anything is opened or told."""
    with contextlib.ExitStack() as held:
        try:
            kind, address = _address(wanted)
            # Named as TCP, the event loop sends small answers at once, not 40 ms later.
            listener = held.enter_context(
                socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            )
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_WAITING)
        except OSError as error:
            message = f"{wanted.host} port {wanted.port} cannot be listened at: {error.strerror}."
            remedy = "Stop what uses it, or give another --port (0 takes any that is free)."
            raise MachineError(blocked("F870", message, remedy)) from None
        yield listener


def _address(wanted: Wanted) -> tuple[socket.AddressFamily, tuple[str, int]]:
    found = socket.getaddrinfo(wanted.host or None, wanted.port, type=socket.SOCK_STREAM)[0]
    return found[0], (str(found[4][0]), int(found[4][1]))


@contextlib.contextmanager
def _opened(wanted: Wanted, shelf: Shelf) -> Iterator[Store]:
    """Open the store; a file is held by one studio at a time."""
    first = next(iter(shelf.plans.values())).stored.folder.parent
    address = wanted.store or f"{_SQLITE}{first / STORE_NAME}"
    # The secret that seals lies beside a store that is a file, else beside the first plan.
    own = Path(address.removeprefix(_SQLITE)).parent if address.startswith(_SQLITE) else first
    with contextlib.ExitStack() as held:
        database = _database(address, held)
        held.callback(database.close)
        yield open_store(database, secret_of(own))


def _database(address: str, held: contextlib.ExitStack) -> Database:
    if address.startswith(("postgresql://", "postgres://")):
        return open_postgres(address)
    if address.startswith(_SQLITE):
        file = Path(address.removeprefix(_SQLITE))
        if not file.parent.is_dir():
            message = f"the store {file} cannot be opened: its folder does not exist."
            raise MachineError(blocked("F874", message, "Make the folder, or name another."))
        held.enter_context(exclusive(file))
        return open_sqlite(file)
    message = "expected --store as sqlite:///FILE or postgresql://..., found something else."
    raise BriefError(blocked("F893", message, "Leave it out for a file beside the first plan."))


@contextlib.contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """Let the server end on SIGTERM and SIGINT, also on one that comes before it listens itself."""

    def stop(_received: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {kind: signal.signal(kind, stop) for kind in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reached(wanted: Wanted) -> str:
    return wanted.names[0] if wanted.host in _ANYWHERE else wanted.host


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
