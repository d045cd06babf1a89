"""Registries: what there is to choose from, by id; in the order in which it is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from inception_viz.errors import ExplainError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a registry holds.

    Attributes:
        id: its name in the API and in links, unique in its registry.
        title: its name on screen.
        words: what it does, for a student.
    """

    id: str
    title: str
    words: str


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
