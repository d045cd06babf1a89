"""What a session holds from run to run: values of Streamlit's session state, with their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import streamlit as st

T = TypeVar("T")


class Held(Generic[T]):
    """The value under ``key``: ``make`` says what it is at first, a call what it is now."""

    def __init__(self, key: str, make: Callable[[], T]) -> None:
        """Nothing is held yet."""
        self._key, self._make = key, make

    def __call__(self) -> T:
        """The value now."""
        value: T = st.session_state.setdefault(self._key, self._make())
        return value

    def set(self, value: T) -> None:
        """Hold another one from now on."""
        st.session_state[self._key] = value
