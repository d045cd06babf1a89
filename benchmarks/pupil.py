"""A pupil: somebody with photos of their own who wanders through the app and knows what to see.

Everything that a pupil does goes through :class:`~benchmarks.visitor.Visitor`. After every step the
answers at the side must be those that the library gives for this pupil's own photo, and a table
that was edited must hold this pupil's own numbers: so a mixed-up session is found.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

import inception_viz as iv
from benchmarks.harness import SAMPLES
from benchmarks.visitor import VisitError, Visitor
from inception_viz.figures import percent

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
BRANCHES = ("1x1", "3x3", "5x5", "pool")
_METHODS = ("Shapley value", "Ablation", "Gradient × activation", "Firing")


class MixedUpError(Exception):
    """A session shows what belongs to another one."""


@dataclass(frozen=True)
class Own:
    """A photo that nobody else has, and what the network says about it."""

    name: str
    content: bytes
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Something a pupil did, the seconds until everything was there, and until anything was."""

    action: str
    seconds: float
    first_sign: float


def own_photos(count: int, seed: int) -> list[Own]:
    """Photos as from phones, all different, with the default model's five answers to each."""
    classifier = iv.load("bvlc")
    chance = random.Random(seed)
    sources = sorted(SAMPLES.glob("*.jpg"))
    return [
        _own(index, sources[index % len(sources)], chance, classifier) for index in range(count)
    ]


def _own(index: int, source: Path, chance: random.Random, classifier: iv.Classifier) -> Own:
    with Image.open(source) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    left, top = chance.uniform(0, 0.3) * width, chance.uniform(0, 0.3) * height
    box = (int(left), int(top), int(left + 0.7 * width), int(top + 0.7 * height))
    image = image.crop(box).resize((1600, 1200))
    image = ImageOps.mirror(image) if chance.random() < 0.5 else image
    image = ImageEnhance.Color(image).enhance(chance.uniform(0.4, 1.8))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=88)
    trace = classifier.trace(data.getvalue())
    answers = tuple(f"{label} {percent(p)}" for label, p in trace.predictions(5))
    return Own(f"pupil-{index}.jpg", data.getvalue(), answers)


@dataclass
class Pupil:
    """One pupil's way through the lesson.

    Attributes:
        visitor: the browser tab.
        photos: the pupil's own; one at a time is looked at.
        chance: decides what happens next.
        page: the page that is open.
        shown: the photo that is looked at; None while it is a sample.
    """

    visitor: Visitor
    photos: Sequence[Own]
    chance: random.Random
    page: str = ""
    shown: Own | None = None

    def lesson(self) -> Iterator[Step]:
        """What happens, step after step, without an end."""
        yield self._step("arrive", lambda: self.visitor.open())
        yield self._step("own photo", self._bring_photo)
        while True:
            page = self.chance.choice(list(PAGES))
            yield self._step(f"to {page or 'explore'}", partial(self._go, page))
            for _ in range(self.chance.randint(1, 4)):
                name = self.chance.choice(list(PAGES[page]))
                yield self._step(name, partial(PAGES[page][name], self))
            if self.chance.random() < 0.1:
                yield self._step("own photo", self._bring_photo)

    def _step(self, action: str, act: Callable[[], float]) -> Step:
        seconds = act()
        self._check(action)
        return Step(action, seconds, self.visitor.first_sign)

    def _check(self, action: str) -> None:
        """Whether the page shows this pupil's photo, and no message of something that failed."""
        for alert in self.visitor.errors():
            raise VisitError(f"{action} on {self.page or 'explore'}: {alert}")
        if self.shown is None:
            return
        found = tuple(o.replace("\\", "") for o in self.visitor.options("quick_target"))
        if found != self.shown.answers:
            raise MixedUpError(
                f"{action} on {self.page or 'explore'}: {self.shown.name} should be "
                f"{self.shown.answers}, the page says {found}"
            )

    def _bring_photo(self) -> float:
        taken = 0.0
        if self.shown is None:
            taken = self.visitor.choose("photo_origin", "Upload")
        others = [photo for photo in self.photos if photo is not self.shown]
        self.shown = self.chance.choice(others)
        return taken + self.visitor.upload("upload", self.shown.name, self.shown.content)

    def _go(self, page: str) -> float:
        self.page = page
        return self.visitor.go(page)

    def pick(self, key: str, *values: str) -> float:
        """Choose one of ``values``, or of all that there are."""
        return self.visitor.choose(key, self.chance.choice(values or self.visitor.options(key)))

    def place(self) -> str:
        """Any branch."""
        return f"{self.chance.choice(MODULES)}/{self.chance.choice(BRANCHES)}"

    def flip(self) -> float:
        """Mute a branch, or let it speak again."""
        data = self.visitor.data("switches")
        muted = sorted({*data["muted"]} ^ {self.place()})
        said = {"number": int(data["number"]) + 1, "muted": muted}
        return self.visitor.trigger("switches", "flipped", said)

    def edit(self) -> float:
        """Type another number of filters into a cell; the table must hold it afterwards."""
        data = self.visitor.data("lab_table")
        rows = data["rows"]
        row, column = self.chance.randrange(len(rows)), self.chance.randrange(5)
        value = str(8 * self.chance.randint(1, 40))
        rows[row]["cells"][column] = value
        number = int(data["number"]) + 1
        said = {"steps": [{"number": number, "rows": rows}], "live": None}
        taken = self.visitor.trigger("lab_table", "edited", said)
        found = self.visitor.data("lab_table")["rows"]
        if [r["cells"] for r in found] != [r["cells"] for r in rows]:
            raise MixedUpError(f"The table of {self.photos[0].name} is another one than was typed.")
        return taken


_Action = Callable[[Pupil], float]

PAGES: dict[str, dict[str, _Action]] = {
    "": {"colour the map": lambda p: p.pick("metric")},
    "branches": {
        "another module": lambda p: p.pick("module"),
        "another order": lambda p: p.pick("order"),
    },
    "contributions": {
        "another method": lambda p: p.pick("method", *_METHODS),
        "open a branch": lambda p: p.visitor.trigger("matrix", "clicked", p.place()),
    },
    "switchboard": {"mute a branch": Pupil.flip},
    "heads": {"read": lambda p: p.visitor.go("heads")},
    "grad-cam": {
        "open a module": lambda p: p.visitor.trigger("film", "clicked", p.chance.choice(MODULES)),
        "another map": lambda p: p.pick("cam_map"),
    },
    "compare": {"compare by": lambda p: p.pick("view")},
    "lab": {
        "edit a cell": Pupil.edit,
        "rebuild": lambda p: p.visitor.press("rebuild"),
        "back to the model": lambda p: p.visitor.press("lab_reset"),
    },
    "learn": {"another chapter": lambda p: p.pick("chapter")},
}
