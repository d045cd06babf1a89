"""The game Break it: what this session changed of a picture, and what the network says then."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import inception_viz as iv
from app.server.jobs import Job, Jobs
from app.session import classroom
from app.session.held import Held
from app.session.scene import Scene
from inception_viz.figures import png
from inception_viz.pictures import Changes, changed_pixels, fit_image, read_change

_AT_ONCE = 40  # changes that a browser sends again until the server knows them
_MOST_STEPS = 200  # of undo
_MOST_BESTS = 64  # photos and models
_LARGEST = 2**53  # number that a browser counts to
_jobs = Jobs(kept=4)  # traces of 12 MB each


@dataclass(frozen=True)
class Best:
    """The smallest change so far that changed an answer.

    Attributes:
        share: of the pixels, 0 to 1.
        changes: what to do for it.
        answer: what the network says then.
    """

    share: float
    changes: Changes
    answer: str


@dataclass
class Game:
    """What this session did to one square.

    Attributes:
        of: which photo it is, and which part of it.
        picture: the square as the network sees it.
        steps: all states for undo and redo, each with its changes.
        number: of the last thing that was done; what the browser shows belongs to one of them.
        place: of the state that is shown.
        wrong: why the last thing couldn't be done; "" if it could.
        best: the smallest change that broke the answer of the model at the side.
    """

    of: str
    picture: iv.Picture
    steps: list[Changes]
    number: int
    place: int = 0
    wrong: str = ""
    best: Best | None = None

    @property
    def id(self) -> str:
        """Tells its square from others."""
        return self.picture.sha256[:16]

    @property
    def changes(self) -> Changes:
        """Those that are shown."""
        return self.steps[self.place]

    def changed(self) -> iv.Picture:
        """The square with its changes."""
        return iv.read_picture(self.changes.apply(self.picture.image), name="the changed picture")

    def commit(self, changes: Changes) -> None:
        """Show ``changes`` from now on; what was undone can't be redone then."""
        if changes != self.changes:
            self.steps = [*self.steps[: self.place + 1], changes][-_MOST_STEPS:]
            self.place = len(self.steps) - 1


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the changes did.

    Attributes:
        before: the square's trace.
        after: the changed square's.
        changed: (height, width) of bool, the pixels that differ.
    """

    before: iv.Trace
    after: iv.Trace
    changed: np.ndarray = field(repr=False)

    @property
    def share(self) -> float:
        """The share of the pixels that differ, 0 to 1: the score, of which less is better."""
        return float(self.changed.mean())

    @property
    def answers(self) -> tuple[int, int]:
        """The main head's first choice before and after."""
        before, after = (trace.top_classes(1)[0][0] for trace in (self.before, self.after))
        return before, after

    @property
    def broken(self) -> bool:
        """Whether the main head's first choice is another one."""
        before, after = self.answers
        return before != after

    @property
    def target(self) -> iv.Target:
        """What to ask the branches for: the new answer over the old, or the old where it stays."""
        before, after = self.answers
        return iv.Target(after, against=before) if self.broken else iv.Target(before)


_game = Held[Game | None]("break_it", lambda: None)
_bests = Held[dict[tuple[str, str], Best]]("break_it_bests", dict)


def current(scene: Scene) -> Game:
    """The game with the photo at the side; another square begins another one."""
    trace, model, game = scene.trace, scene.model, _game()
    size, background = trace.fitting.size, model.preprocessing.background
    # Models of one size share the game, unless each has borders of its own.
    of = f"{trace.seen} {size} {background if trace.fitting.fit == 'pad' else ''}"
    if game is None or game.of != of:
        square = fit_image(trace.picture.image, trace.fitting, background)
        number = 0 if game is None else game.number + 1
        game = Game(of, iv.read_picture(square, name="the picture"), [Changes(size)], number)
        _game.set(game)
    game.best = _bests().get((model.key, game.id))
    return game


def take(sent: Any) -> None:
    """Do what the browser sent; whatever it sent, nothing is raised."""
    game = _game()
    if game is None or not isinstance(sent, dict) or sent.get("base") != game.id:
        return
    steps = sent.get("steps")
    for step in steps[:_AT_ONCE] if isinstance(steps, list) else ():
        number = step.get("number") if isinstance(step, dict) else None
        if type(number) is not int or not game.number < number < _LARGEST:
            continue  # known, or nonsense
        game.number, game.wrong = number, ""
        try:
            _do(game, step)
        except iv.ChangeError as error:
            game.wrong = str(error)


def replay(content: bytes) -> None:
    """Make the changes of a file that was saved here.

    Raises:
        ChangeError: if there are none in it, or they are for a square of another size.
    """
    game = _game()
    assert game is not None
    changes = Changes.from_json(content.decode("utf-8", "replace"))
    if changes.side != game.changes.side:
        raise iv.ChangeError(
            f"Those changes are for a square of {changes.side} pixels; this network sees "
            f"{game.changes.side}."
        )
    game.number, game.wrong = game.number + 1, ""
    game.commit(changes)


def traced(model: iv.Classifier, picture: iv.Picture) -> Job[iv.Trace]:
    """The trace of a square; its error is a WeightsError if the weights give no finite answer.

    It has the size that the network sees, so no pixel is resampled.
    """
    key = (model.key, picture.sha256)
    return _jobs.get(key, lambda _: model.trace(picture, fit="squash"))


def judge(game: Game, before: iv.Trace, after: iv.Trace) -> Verdict:
    """What the changes did; a new best is kept."""
    found = Verdict(before, after, changed_pixels(before.picture.image, after.picture.image))
    if found.broken:
        best = Best(found.share, game.changes, after.labels[found.answers[1]])
        game.best = note_score(before.model, game.id, best)
    return found


def note_score(model: str, square: str, found: Best) -> Best:
    """Keep what broke the answer of ``model`` to ``square``, if it is the smallest so far.

    In a class it is counted, too. Returns the smallest.
    """
    bests = _bests()
    best = bests.get((model, square))
    if best is None or found.share < best.share:
        bests.pop((model, square), None)
        bests[model, square] = best = found
        classroom.score("break_it", round(100 * found.share, 2))
        while len(bests) > _MOST_BESTS:
            del bests[next(iter(bests))]
    return best


def archive(game: Game) -> bytes:
    """Both pictures as PNG and the changes as JSON, in a ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("before.png", png(game.picture.image))
        file.writestr("after.png", png(game.changed().image))
        file.writestr("changes.json", game.changes.to_json())
    return buffer.getvalue()


def _do(game: Game, step: dict[str, Any]) -> None:
    """One thing that the browser asked for.

    Raises:
        ChangeError: if it can't be done.
    """
    if "change" in step:
        game.commit(game.changes.then(read_change(step["change"])))
    elif step.get("by") in (-1, 1) and 0 <= game.place + step["by"] < len(game.steps):
        game.place += step["by"]
    elif step.get("to") == "start":
        game.commit(Changes(game.changes.side))
    elif step.get("to") == "best" and game.best is not None:
        game.commit(game.best.changes)
