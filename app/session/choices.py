"""Choices that the address holds by their ids.

Streamlit's own ``bind="query-params"`` holds what a choice is called on the screen, so a link would
end with the next change of words. Here the address says ``metric=deviation``; what links of old
say, ``metric=Unusual firing``, is understood.

The address wins when somebody arrives at a page by a link or by the browser's Back, the session
from then on: during a quick row of clicks the browser's address is late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

from app.session import address, links
from app.session.held import Held

T = TypeVar("T")
D = TypeVar("D")
_read = Held[dict[str, int]]("choices_read", dict)  # key → the visit of the last reading
_called = Held[dict[str, dict[str, object]]]("choices_called", dict)  # key → name → option
_DRAWN = "choices_drawn"  # in this run


def begin() -> None:
    """Begin a run; call after :func:`app.session.links.follow`."""
    st.session_state[_DRAWN] = set()
    visit = links.visit()
    if visit.fresh:
        for key in _read():
            if links.goes_with_a_fresh_link(key):
                st.session_state.pop(key, None)


def asked(key: str) -> str:
    """What the address asks for under ``key`` and :func:`take` hasn't taken yet; "" for nothing."""
    taken = _read().get(key) == links.visit().number
    return "" if taken else st.query_params.get(key, "")


def take(key: str, names: Mapping[T, str], default: D) -> T | D:
    """Before the widget ``key`` is drawn: make it show what the address asks for; the choice now.

    ``names``: what can be chosen → what it is called on the screen.
    """
    visit = links.visit()
    if _read().get(key) != visit.number:
        _read()[key] = visit.number
        asked = st.query_params.get(key)
        meant = None if asked is None else _meant(asked, names)
        if meant is not None:
            st.session_state[key] = meant
            links.answer(key)
        elif asked is not None:
            links.leave_out(key, asked)
        if meant is None and visit.back:
            st.session_state[key] = default
    if (held := st.session_state.get(key)) not in names:
        # A browser that still shows an option's name of before sends that name, and no option.
        once = _called().get(key, {}).get(held) if isinstance(held, str) else None
        st.session_state[key] = once if once in names else default
    _called().setdefault(key, {}).update({name: option for option, name in names.items()})
    chosen: T | D = st.session_state[key]
    return chosen


def keep(key: str, chosen: object, default: object) -> None:
    """After it was drawn: make the address say what is ``chosen``."""
    st.session_state[_DRAWN].add(key)
    address.write(key, "" if chosen is None or chosen == default else id_of(chosen))


def end() -> None:
    """End a run: the address says nothing of what the page shows no more."""
    here = links.visit().number
    for key, number in _read().items():
        if number == here and key not in st.session_state[_DRAWN]:
            address.write(key)


def choose(key: str, option: object) -> None:
    """Choose ``option`` of the widget ``key``, from another's callback."""
    st.session_state[key] = option


def id_of(chosen: object) -> str:
    """What the address says for it."""
    return str(chosen).lower() if isinstance(chosen, bool) else str(chosen)


def _meant(asked: str, names: Mapping[T, str]) -> T | None:
    same = asked.casefold()
    by_id = (option for option in names if id_of(option).casefold() == same)
    by_name = (option for option, name in names.items() if name.casefold() == same)
    return next(by_id, next(by_name, None))
