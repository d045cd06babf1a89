"""Under which address others reach this server. Nothing is asked of the network."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st

from app.server.room import ClassError

_HERE = ("localhost", "127.0.0.1", "::1")
_NOWHERE = ("192.0.2.1", 9)  # an address that is nobody's (RFC 5737)
_ADDRESS = re.compile(r"(https?)://([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?((?:/[\w.~-]+)*)/?", re.I)
_LONGEST = 120


@dataclass(frozen=True)
class Reach:
    """Where others find the app.

    Attributes:
        base: the address of its first page, without a slash at the end.
        here: whether the browser came to it as localhost, so that ``base`` had to be found out.
        closed: whether the server listens to this computer alone, so that nobody else comes in.
    """

    base: str
    here: bool
    closed: bool


def reach(page: str) -> Reach:
    """What is known while somebody looks at the page with this path."""
    url = (st.context.url or "").split("?")[0].rstrip("/")
    base = url.removesuffix(f"/{page}") or f"http://localhost:{st.get_option('server.port')}"
    parts = urlsplit(base)
    if parts.hostname not in _HERE:
        return Reach(base, here=False, closed=False)
    closed = st.get_option("server.address") in _HERE
    host = own_address() or parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return Reach(f"{parts.scheme}://{host}{port}{parts.path}", here=True, closed=closed)


def own_address() -> str | None:
    """This computer's address in its network, if it is in one.

    To connect a datagram socket sends nothing: the system only looks up which way it would go.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
            found = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if found.startswith(("127.", "0.")) else found


def typed(text: str) -> str:
    """An address as somebody typed it, "192.168.1.5:8501" or a whole one, as :class:`Reach` has it.

    Raises:
        ClassError: if it can't be one.
    """
    text = text.strip()
    whole = text if "://" in text else f"http://{text}"
    found = _ADDRESS.fullmatch(whole) if len(whole) <= _LONGEST else None
    if found is None:
        raise ClassError("An address looks like 192.168.1.5:8501 or https://viz.school.example.")
    return whole.rstrip("/")
