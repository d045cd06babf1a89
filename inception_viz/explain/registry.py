"""Registries: what there is to choose from, by id; in the order in which it is offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from inception_viz.errors import ExplainError


class Entry(Protocol):
    """What a registry holds: its ``id`` is its name in the API and in links."""

    @property
    def id(self) -> str:
        """Unique in its registry."""


E = TypeVar("E", bound=Entry)


def registry(*entries: E) -> Mapping[Any, E]:
    """The entries by id.

    Raises:
        ValueError: if two have the same.
    """
    by_id = {entry.id: entry for entry in entries}
    if len(by_id) < len(entries):
        raise ValueError(f"Two entries have the same id: {[entry.id for entry in entries]}.")
    return by_id


def choose(entries: Mapping[Any, E], wanted: str, kind: str) -> E:
    """The entry called ``wanted``; ``kind`` says what it is, "method".

    Raises:
        ExplainError: if there is none, with what there is.
    """
    if wanted not in entries:
        raise ExplainError(f'There is no {kind} "{wanted:.40}"; there are {", ".join(entries)}.')
    return entries[wanted]
