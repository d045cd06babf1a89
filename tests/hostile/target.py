"""One kind of hostile input: how to make it, who reads it, and what may come of it."""

from __future__ import annotations

import random
import re
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_CHARACTERS = 700  # of a message


@dataclass(frozen=True)
class Target:
    """What is attacked.

    Attributes:
        name: for tables.
        make: a hostile input from a source of chance; the same chance makes the same input.
        read: takes the input and an empty folder, which it may write to; raises one of
            ``refusals``, or AssertionError where it accepted what makes no sense.
        refusals: the errors that are a sentence for the user.
        megabytes: how much memory reading one input may take for a moment.
    """

    name: str
    make: Callable[[random.Random], Any]
    read: Callable[[Any, Path], object]
    refusals: tuple[type[Exception], ...]
    megabytes: int = 64


@dataclass(frozen=True)
class Outcome:
    """What became of one input; ``finding`` is empty where it was handled as documented."""

    accepted: bool
    finding: str
    seconds: float


def make(target: Target, seed: int, index: int) -> Any:
    """Input number ``index`` of a run with ``seed``."""
    return target.make(random.Random(f"{seed} {target.name} {index}"))


def judge(target: Target, data: Any, folder: Path) -> Outcome:
    """Let the target read ``data``, and say what came of it."""
    seen = _Seen.begin(folder)
    accepted, finding = False, ""
    started = time.perf_counter()
    try:
        target.read(data, folder)
        accepted = True
    except target.refusals as error:
        finding = no_sentence(str(error))
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        finding = f"{type(error).__name__} at {where}: {str(error)[:200]}"
    seconds = time.perf_counter() - started
    watched = seen.end()
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Outcome(accepted, finding or watched, seconds)


def no_sentence(message: str) -> str:
    """What keeps a message from being a readable sentence; "" if nothing does."""
    readable = message.isprintable() and message[:1].strip() and message.endswith((".", "…"))
    if not readable or len(message) > MOST_CHARACTERS or "Traceback" in message:
        return f"no sentence ({len(message)} characters): {message[:200]!r}"
    return ""


_WRITING = re.compile(r"[wax+]")
_STARTING = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen", "pty.spawn")
_CHANGING = ("os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove", "os.rmdir", "os.chmod")


class _Seen:
    """Watches what Python does while an input is read: files, processes, network, warnings."""

    now: _Seen | None = None
    hooked = False

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder.resolve())
        self.found: list[str] = []
        self.show = warnings.showwarning

    @classmethod
    def begin(cls, folder: Path) -> _Seen:
        if not cls.hooked:
            sys.addaudithook(_audit)
            cls.hooked = True
        seen = cls(folder)
        warnings.showwarning = lambda message, *_: seen.found.append(f"warning: {message}")
        cls.now = seen
        return seen

    def end(self) -> str:
        type(self).now = None
        warnings.showwarning = self.show
        return "; ".join(self.found)[:300]

    def inside(self, path: object) -> bool:
        # A number is an open file; what it was opened by has been seen.
        return isinstance(path, int) or str(Path(str(path)).resolve()).startswith(self.folder)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    seen, _Seen.now = _Seen.now, None  # what is done here is not watched
    if seen is None:
        return
    if event in _STARTING or event.startswith("socket.connect"):
        seen.found.append(f"executed: {event} {arguments!r:.100}")
    elif event == "open" and isinstance(arguments[1], str) and _WRITING.search(arguments[1]):
        if not seen.inside(arguments[0]):
            seen.found.append(f"wrote to {arguments[0]}")
    elif event in _CHANGING and not seen.inside(arguments[0]):
        seen.found.append(f"{event} {arguments[0]}")
    _Seen.now = seen
