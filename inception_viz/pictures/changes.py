"""Small changes of a picture, one after another: the same changes always give the same pixels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image

from inception_viz.errors import ChangeError
from inception_viz.pictures.change_kinds import (
    MOST_SIDE,
    Blur,
    Change,
    Cut,
    Paint,
    Patch,
    Turn,
    whole,
)

MOST_CHANGES = 100
_MOST_TEXT = 1_000_000  # characters
_KINDS: Mapping[str, type[Change]] = {
    kind.__name__.lower(): kind for kind in (Patch, Paint, Blur, Turn, Cut)
}


@dataclass(frozen=True)
class Changes:
    """Changes of a square of ``side`` pixels, one after another.

    Raises:
        ChangeError: if they are too many, or one of them reaches beyond the square.
    """

    side: int
    steps: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        """Check."""
        whole("side", self.side, 1, MOST_SIDE)
        if len(self.steps) > MOST_CHANGES:
            raise ChangeError(f"There is room for {MOST_CHANGES} changes. Undo some of them.")
        for number, step in enumerate(self.steps, 1):
            if max(step.reach()) > self.side:
                raise ChangeError(
                    f"Change {number} ({type(step).__name__.lower()}) reaches beyond the square of "
                    f"{self.side} × {self.side} pixels."
                )

    def then(self, change: Change) -> Changes:
        """These and one more."""
        return Changes(self.side, (*self.steps, change))

    def apply(self, image: Image.Image) -> Image.Image:
        """Make them on a copy of ``image``.

        Raises:
            ChangeError: if that is no RGB picture of this size.
        """
        if image.size != (self.side, self.side) or image.mode != "RGB":
            width, height = image.size
            raise ChangeError(
                f"These changes are for an RGB picture of {self.side} × {self.side} pixels; this "
                f"one is {image.mode}, {width} × {height}."
            )
        pixels = np.array(image)
        for step in self.steps:
            step.apply_to(pixels)
        return Image.fromarray(pixels)

    def to_json(self) -> str:
        """The text that :meth:`from_json` reads."""
        steps = [{"kind": type(step).__name__.lower()} | vars(step) for step in self.steps]
        return json.dumps({"side": self.side, "changes": steps})

    @classmethod
    def from_json(cls, text: str) -> Changes:
        """Read them.

        Raises:
            ChangeError: if the text isn't what :meth:`to_json` writes.
        """
        try:
            found = json.loads(text) if len(text) <= _MOST_TEXT else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or set(found) != {"side", "changes"}:
            raise ChangeError("That text holds no changes. Use a JSON file that was saved here.")
        listed = found["changes"]
        if not isinstance(listed, list):
            raise ChangeError("The changes must be a list.")
        steps = []
        for number, plain in enumerate(listed[: MOST_CHANGES + 1], 1):
            try:
                steps.append(read_change(plain))
            except ChangeError as error:
                raise ChangeError(f"Change {number}: {error}") from error
        return cls(found["side"], tuple(steps))


def read_change(plain: object) -> Change:
    """A change from a dictionary of plain values, such as JSON gives: its kind and its fields.

    Raises:
        ChangeError: if that is none.
    """
    kind = plain.get("kind") if isinstance(plain, dict) else None
    if not isinstance(plain, dict) or not isinstance(kind, str) or kind not in _KINDS:
        raise ChangeError(f"A change is one of {', '.join(_KINDS)}.")
    make: Callable[..., Change] = _KINDS[kind]
    names = {field.name for field in fields(_KINDS[kind])}
    given = {name: value for name, value in plain.items() if name != "kind"}
    if set(given) != names:
        raise ChangeError(f"A {kind} has exactly these fields: {', '.join(sorted(names))}.")
    return make(**given)


def changed_pixels(before: Image.Image, after: Image.Image) -> np.ndarray:
    """(height, width) of bool: where two pictures differ in any channel.

    Raises:
        ChangeError: if they differ in size or mode.
    """
    if (before.size, before.mode) != (after.size, after.mode):
        raise ChangeError("Only pictures of the same size and mode can be compared.")
    differ = (np.asarray(before) != np.asarray(after)).reshape(*before.size[::-1], -1)
    found: np.ndarray = np.any(differ, axis=2)
    return found


def changed_share(before: Image.Image, after: Image.Image) -> float:
    """The share of pixels that differ in any channel, 0 to 1.

    Raises:
        ChangeError: if the pictures differ in size or mode.
    """
    return float(changed_pixels(before, after).mean())
