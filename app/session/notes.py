"""What a student writes beside a question: one line each, kept for the session and the report."""

from __future__ import annotations

from collections.abc import Mapping

from app.session.held import Held
from app.session.scene import Scene

_notes = Held[dict[tuple[str, str], dict[str, str]]]("notes", dict)  # photo and model → notes


def of(scene: Scene) -> Mapping[str, str]:
    """What was noted about this photo in this model: about what → the line."""
    return _notes().get(_key(scene), {})


def write(scene: Scene, about: str, line: str) -> None:
    """Note a line, or take it back where it is empty."""
    own = _notes().setdefault(_key(scene), {})
    own.pop(about, None)
    if line.strip():
        own[about] = line.strip()


def _key(scene: Scene) -> tuple[str, str]:
    return scene.trace.picture.sha256, scene.model.key
