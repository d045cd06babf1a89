"""Classes that teachers have opened, in memory alone: codes, keys, and what bounds them.

A class has a code, which pupils type, and a key, which only the browser has that opened it. A code
lets somebody join and be counted; whatever shows, hides or ends asks for the key. Everything that a
browser sends is checked here or in :mod:`app.server.room`.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.server.allowance import Allowance, in_words
from app.server.room import ClassError, Counts, Line, Room

SYMBOLS = "34679CDFGHJKMNPQRTVWXY"  # none looks like another, and no words come of them
LENGTH = 6
CLASSES = 50
ANSWERS = 200_000  # of all classes together
DAY = 24 * 3600.0
_ENDED = 1000  # codes that are remembered, to say what became of their classes


class NoClassError(ClassError):
    """No such class is open."""


@dataclass(frozen=True)
class Own:
    """A class as the browser knows it that opened it."""

    code: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class _Open:
    key: str
    since: float
    room: Room


class Classrooms:
    """All classes of a process; thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """None is open yet."""
        self.server = secrets.token_hex(8)  # another one after a restart
        self._clock = clock
        self._guard = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        # One address may be a whole school's. All together guess so seldom that a class which is
        # open for a day is found with a chance of 1 in 6,000.
        self._wrong = Allowance(200, 5.0, clock=clock)
        self._wrong_of_all = Allowance(600, 5.0, clock=clock)
        self._opening = Allowance(20, 300.0, clock=clock)

    def open(self, address: str | None = None) -> Own:
        """Open a class, for a visitor at an ``address``.

        Raises:
            ClassError: if there are too many, or too many come from there.
        """
        if wait := self._opening.wait(address):
            raise ClassError(f"Many classes were opened from here. Try again in {in_words(wait)}.")
        with self._guard:
            self._forget_old()
            if len(self._open) >= CLASSES:
                raise ClassError(f"{CLASSES} classes are open on this server; no more fit.")
            code = _new_code()
            while code in self._open or code in self._ended:
                code = _new_code()
            own = Own(code, secrets.token_urlsafe(32))
            self._open[code] = _Open(own.key, self._clock(), Room(code))
        self._opening.use(address)
        return own

    def find(self, text: str, address: str | None = None) -> str:
        """The code of an open class that ``text`` means, as a visitor at an ``address`` typed it.

        Only wrong codes are counted, but who has tried too many isn't told about right ones either.

        Raises:
            NoClassError: if there is none.
            ClassError: if there were too many wrong ones.
        """
        code = normal(text)
        if not code:
            example = f"{SYMBOLS[6:9]}{SYMBOLS[:3]}"
            raise NoClassError(f"A class code has {LENGTH} letters and digits, such as {example}.")
        with self._guard:
            wait = max(self._wrong.wait(address), self._wrong_of_all.wait("all"))
            if wait:
                raise ClassError(f"Too many wrong class codes. Try again in {in_words(wait)}.")
            self._forget_old()
            if code in self._open:
                return code
            if code in self._ended:
                raise NoClassError(f"Class {code} has ended.")
            self._wrong.use(address)
            self._wrong_of_all.use("all")
        raise NoClassError(
            f"No class {code} is open on this server. A class ends when its teacher ends it, after "
            "a day, and when the server is restarted. Ask for the code."
        )

    def is_open(self, code: str) -> bool:
        """Whether the class is open; for a code that was found before."""
        with self._guard:
            self._forget_old()
            return code in self._open

    def join(self, code: str, pupil: str) -> None:
        """Let a pupil in, who may have been there before.

        Raises:
            ClassError: if the class has ended or is full, or a pupil can't be called so.
        """
        with self._guard:
            self._room(code).join(pupil)

    def has(self, code: str, pupil: str) -> bool:
        """Whether this pupil has joined that class."""
        with self._guard:
            return code in self._open and self._open[code].room.has(pupil)

    def answer(
        self,
        code: str,
        pupil: str,
        question: str,
        choice: str,
        options: Sequence[str],
        right: Sequence[str],
    ) -> str:
        """Count a pupil's answer, unless there was one: the first stands. The one that counts.

        Raises:
            ClassError: if it can't be counted.
        """
        with self._guard:
            room = self._room(code)
            if sum(one.room.answers for one in self._open.values()) >= ANSWERS:
                raise ClassError("This server holds as many answers as it can.")
            return room.answer(pupil, question, choice, options, right)

    def score(self, code: str, pupil: str, game: str, value: float, lowest: bool = False) -> None:
        """Count a pupil's score in a game if it is the best so far.

        Raises:
            ClassError: if it can't be counted.
        """
        with self._guard:
            self._room(code).score(pupil, game, value, lowest)

    def name(self, code: str, pupil: str, nickname: str) -> str:
        """Give a pupil a nickname, or take it back; the name as it will be shown.

        Raises:
            ClassError: if it is too long, or the class has ended.
        """
        with self._guard:
            return self._room(code).name(pupil, nickname)

    def of_pupil(self, code: str, pupil: str) -> tuple[int, str, bool]:
        """How many answers and scores of a pupil count, the nickname, whether it is hidden.

        Raises:
            ClassError: if the class has ended, or the pupil isn't there.
        """
        with self._guard:
            return self._room(code).of_pupil(pupil)

    def owns(self, own: Own) -> bool:
        """Whether the class is open and this is its key."""
        with self._guard:
            self._forget_old()
            return self._fits(own)

    def counts(self, own: Own) -> Counts:
        """What the class has come to.

        Raises:
            NoClassError: if it isn't open, or the key isn't its own; so with all that follow.
        """
        with self._guard:
            return self._taught(own).counts()

    def seconds_left(self, own: Own) -> float:
        """How long the class stays open unless its teacher ends it."""
        with self._guard:
            self._taught(own)
            return self._open[own.code].since + DAY - self._clock()

    def hide(self, own: Own, number: int, hidden: bool) -> None:
        """Hide whatever nickname a pupil has or will have, or show it again."""
        with self._guard:
            self._taught(own).hide(number, hidden)

    def lines(self, own: Own) -> list[Line]:
        """All answers and scores, for a table."""
        with self._guard:
            return list(self._taught(own).lines())

    def end(self, own: Own) -> None:
        """End the class, and forget what it counted."""
        with self._guard:
            self._taught(own)
            self._forget(own.code)

    def _room(self, code: str) -> Room:
        self._forget_old()
        if code not in self._open:
            raise NoClassError(f"Class {code} has ended.")
        return self._open[code].room

    def _taught(self, own: Own) -> Room:
        self._forget_old()
        if not self._fits(own):
            raise NoClassError("This class has ended.")
        return self._open[own.code].room

    def _fits(self, own: Own) -> bool:
        known = self._open.get(own.code)
        given = own.key.encode("utf-8", "replace")
        return known is not None and secrets.compare_digest(known.key.encode(), given)

    def _forget_old(self) -> None:
        now = self._clock()
        for code in [code for code, one in self._open.items() if now - one.since >= DAY]:
            self._forget(code)

    def _forget(self, code: str) -> None:
        del self._open[code]
        self._ended[code] = None
        while len(self._ended) > _ENDED:
            self._ended.popitem(last=False)


def normal(text: str) -> str:
    """A code as it was typed, in capitals and without spaces; "" if it can't be one."""
    code = re.sub(r"[\s-]", "", text[:40]).upper()
    return code if len(code) == LENGTH and {*code} <= {*SYMBOLS} else ""


def _new_code() -> str:
    return "".join(secrets.choice(SYMBOLS) for _ in range(LENGTH))


SHARED = Classrooms()  # of this process
