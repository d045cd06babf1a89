"""The line on top of a page that says in which class one is; the browser's memory of classes.

What a browser keeps, its number in each class and the keys of classes that it has opened, lies in
its ``localStorage``. It comes to the server once a session, and never stands in the address.
"""

from __future__ import annotations

import streamlit as st

from app.frontend import component
from app.server.classrooms import SHARED
from app.server.room import NICKNAME
from app.session import classroom
from app.widgets.messages import plain

_memory = component("class_memory")
_KEY, _PLACE = "class_memory", "class_place"
_HOW = (
    "Your answers to *Predict* and your scores in games are counted without a name: of each "
    "question the first answer, of each game the best score."
)
_FORGETS = " This browser keeps nothing, so after a reload you count as somebody else."


def reserve_place() -> None:
    """Make room for it; call before the page."""
    st.session_state[_PLACE] = st.container(
        key="class_line", horizontal=True, vertical_alignment="center", gap="small"
    )


def show(here: bool = False) -> None:
    """Draw it where the session has to do with a class, and ``here``, on the page Class.

    Call it after the page: then it says what the page has counted, and what the browser tells,
    which begins another run, doesn't break off the first one.
    """
    now = classroom.state()
    with st.session_state.pop(_PLACE):
        if notice := classroom.notice():
            st.warning(plain(notice), icon=":material/groups:")
        if here or now.code or now.lost or now.gone:
            _remember(now, here)
        if (found := classroom.of_pupil()) is not None:
            _about_me(now, *found)


def _remember(now: classroom.State, here: bool) -> None:
    wanted = now.code or now.lost
    _memory(
        key=_KEY,
        width="content",
        data={
            "session": now.session,
            "server": SHARED.server,
            "code": wanted,
            "open": bool(now.code),
            "asks": now.heard is None or (bool(wanted) and wanted != now.heard),
            "own": vars(now.own) if now.own is not None else None,
            "gone": [*now.gone],
            "words": _words(now, here),
        },
        on_told_change=_take,
    )


def _take() -> None:
    classroom.remembered(st.session_state[_KEY].told)


def _words(now: classroom.State, here: bool) -> str:
    if not now.code or (now.teaches and here):
        return ""
    if now.teaches:
        return f"Your class {now.code}. Links that you copy lead into it; you aren't counted."
    return f"Class {now.code}" if now.pupil else f"Class {now.code}: joining …"


def _about_me(now: classroom.State, count: int, nickname: str, hidden: bool) -> None:
    answers = "1 answer" if count == 1 else f"{count} answers"
    st.html(f'<p class="iv-class">{answers} counted</p>', width="content")
    key = f"class_nickname_{now.code}"
    with st.popover(plain(nickname) or "Nickname", icon=":material/person:"):
        st.markdown(_HOW + ("" if now.kept else _FORGETS))
        st.session_state.setdefault(key, nickname)
        st.text_input(
            "Nickname, if you like",
            key=key,
            max_chars=NICKNAME,
            on_change=_name,
            args=(key,),
            help="It stands beside your scores on the teacher's page, which the class may see.",
        )
        if hidden:
            st.caption("Your teacher has hidden it.")
        st.button("Leave the class", key="class_leave", on_click=classroom.leave)


def _name(key: str) -> None:
    classroom.name(str(st.session_state[key]))
