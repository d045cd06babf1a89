"""The class that this session is in, as a pupil or as its teacher.

A pupil comes by a link, ``?class=CODE`` on any page, or types the code. The browser then tells the
random number that it keeps for the class (:mod:`app.widgets.class_line`), so that a reload counts
nobody twice. The address goes on to say the class: reloads, other pages and copied links keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import streamlit as st

from app.server.classrooms import SHARED, Own, normal
from app.server.room import ClassError
from app.session import address, links
from app.session.held import Held
from app.session.questions import GAMES

_MOST_KEYS = 5  # that a browser may name
_MOST_WAITING = 20
_RESTARTED = (
    "The server was restarted, and class {} with all that it counted is gone: classes are held in "
    "memory alone. "
)


@dataclass
class State:
    """What a session knows of classes.

    Attributes:
        session: tells it from others of the same browser.
        code: the class that it is in, or is about to join; "" for none.
        pupil: the browser's number there; "" until the browser has told it.
        own: the class that this browser has opened.
        kept: whether the browser keeps the number, or the key, over a reload.
        heard: of which class, "" for none, the browser has told what it keeps.
        lost: a code that was asked for and isn't open.
        gone: codes that the browser may forget.
        left: a code that was left, and the visit: the browser's address is late.
        counted: question → the option that counts.
        waiting: what was answered before the browser had told the number.
        notice: what went wrong, and the visit that it is said in.
    """

    session: str = field(default_factory=lambda: uuid4().hex)
    code: str = ""
    pupil: str = ""
    own: Own | None = None
    kept: bool = True
    heard: str | None = None
    lost: str = ""
    gone: tuple[str, ...] = ()
    left: tuple[str, int] = ("", -1)
    counted: dict[str, str] = field(default_factory=dict)
    waiting: list[Callable[[], None]] = field(default_factory=list)
    notice: tuple[str, int] = ("", -1)

    @property
    def teaches(self) -> bool:
        """Whether the session is in the class as its teacher."""
        return self.own is not None and self.own.code == self.code


state = Held("class_state", State)


def arrive() -> None:
    """Follow the address into a class, or out of one that has ended; once a run."""
    now, visit = state(), links.visit().number
    asked = st.query_params.get(address.CLASS, "")
    code = normal(asked)
    if asked and (not code or code != now.code) and (code, visit) != now.left:
        links.answer(address.CLASS)
        enter(asked)
    if now.code and not SHARED.is_open(now.code):
        _say_that_it_ended(now)
    address.write(address.CLASS, now.code)


def enter(text: str) -> None:
    """Go into the class whose code somebody typed or followed."""
    now = state()
    try:
        code = SHARED.find(text, st.context.ip_address)
    except ClassError as error:
        say(str(error))
        # Whoever was there before is let in by the number alone, which nobody can guess.
        now.lost = normal(text)
        return
    _be_in(code)


def leave() -> None:
    """Be in no class. What was counted stays; a nickname goes."""
    now = state()
    if now.pupil and SHARED.has(now.code, now.pupil):
        SHARED.name(now.code, now.pupil, "")
    now.left = (now.code, links.visit().number)
    _be_in("")


def say(text: str) -> None:
    """Show a sentence on top of this page, until another one is opened."""
    state().notice = (text, links.visit().number)


def notice() -> str:
    """The sentence to show now, if there is one."""
    text, visit = state().notice
    return text if visit == links.visit().number else ""


def remembered(told: object) -> None:
    """Take what the browser keeps; anything can come here."""
    now = state()
    if not isinstance(told, Mapping) or told.get("session") != now.session:
        return
    asked, pupil, server = (_text(told, key) for key in ("code", "pupil", "server"))
    now.kept = told.get("kept") is True
    now.heard = asked
    if asked and asked == now.lost and server not in ("", SHARED.server):
        say(_RESTARTED.format(asked) + "Ask your teacher for the new code.")
    _take_keys(told.get("keys"))
    if now.own is not None and now.code in ("", now.own.code):
        _be_in(now.own.code)
    elif asked and asked == now.lost and SHARED.has(asked, pupil):
        _be_in(asked)
        now.notice = ("", -1)
    if now.code and now.code == asked and not now.teaches:
        try:
            SHARED.join(now.code, pupil)
        except ClassError as error:
            say(str(error))
            _be_in("")
        else:
            now.pupil = pupil
            waiting, now.waiting = now.waiting, []
            for count in waiting:
                _count(now, count)
    now.lost = ""


def answer(question: str, choice: str, options: Iterable[str], right: Iterable[str]) -> None:
    """Count an answer of this session's pupil, if it is one; ids of :mod:`.questions`."""
    now = state()
    offered, good = [*options], [*right]

    def count() -> None:
        first = SHARED.answer(now.code, now.pupil, question, choice, offered, good)
        now.counted[question] = first

    if question not in now.counted:
        _count(now, count)


def counted(question: str) -> str:
    """Which option of a question counts for this session's pupil; "" if none does."""
    return state().counted.get(question, "")


def score(game: str, value: float) -> None:
    """Count a score of this session's pupil in one of :data:`.questions.GAMES`; the best stands."""
    now = state()
    _count(now, lambda: SHARED.score(now.code, now.pupil, game, value, GAMES[game].lowest))


def name(nickname: str) -> None:
    """Give this session's pupil a nickname, or take it back."""
    now = state()
    if now.pupil:
        try:
            SHARED.name(now.code, now.pupil, nickname)
        except ClassError as error:
            say(str(error))


def of_pupil() -> tuple[int, str, bool] | None:
    """What counts of this session's pupil, the nickname, whether it is hidden; None if no pupil."""
    now = state()
    try:
        return SHARED.of_pupil(now.code, now.pupil) if now.pupil else None
    except ClassError:
        return None


def teach(own: Own) -> None:
    """Be the teacher of a class."""
    state().own = own
    _be_in(own.code)


def _count(now: State, count: Callable[[], None]) -> None:
    """Count for the pupil, or as soon as there is one."""
    if now.pupil:
        try:
            count()
        except ClassError as error:
            say(str(error))
    elif now.code and not now.teaches:
        now.waiting = [*now.waiting[-_MOST_WAITING:], count]


def _be_in(code: str) -> None:
    now = state()
    if code != now.code:
        now.code, now.pupil, now.counted, now.waiting = code, "", {}, []
    now.lost = ""
    address.write(address.CLASS, code)


def _say_that_it_ended(now: State) -> None:
    if now.teaches:
        say(f"Your class {now.code} has ended. Open a new one on the page Class.")
    else:
        say(f"Class {now.code} has ended: nothing is counted any more. What you see here stays.")
    if now.own is not None and now.own.code == now.code:
        now.own = None
    now.gone = (*now.gone[-_MOST_KEYS:], now.code)
    _be_in("")


def _take_keys(keys: object) -> None:
    """Find the class that this browser has opened last and that is still there."""
    now = state()
    for entry in keys[:_MOST_KEYS] if isinstance(keys, list) else []:
        if not isinstance(entry, Mapping):
            continue
        own = Own(_text(entry, "code"), _text(entry, "key"))
        if SHARED.owns(own):
            now.own = now.own or own
            continue
        now.gone = (*now.gone[-_MOST_KEYS:], own.code)
        if _text(entry, "server") != SHARED.server and now.own is None and normal(own.code):
            say(_RESTARTED.format(own.code) + "Open a new one; pupils need its code.")


def _text(told: Mapping[object, object], key: str) -> str:
    found = told.get(key)
    return found[:100] if isinstance(found, str) else ""
