"""Foreign text inside our sentences: names from files, links and archives."""

from __future__ import annotations

import re

MAX_NAME_BYTES = 200  # file systems have limits
_PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}
_RESERVED = {"con", "prn", "aux", "nul"} | _PORTS


def shown(text: str, most: int = 60) -> str:
    """``text`` on one line: what can't be printed is escaped, the rest beyond ``most`` cut."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def file_name(text: str, otherwise: str = "unnamed") -> str:
    """The last part of any system's path as a file's or folder's name on any system."""
    last = re.split(r"[/\\]", text.rstrip("/\\ ."))[-1]
    name = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in last)
    name = name.encode()[-MAX_NAME_BYTES:].decode("utf-8", "ignore").strip(". ")
    return f"_{name}" if name.partition(".")[0].strip().lower() in _RESERVED else name or otherwise
