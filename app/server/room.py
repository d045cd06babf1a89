"""One class: who has joined, and what was answered. What asks for a code or a key: classrooms.

Nothing here knows who a pupil is: browsers make up random numbers.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from inception_viz.errors import InceptionVizError

PUPILS = 200
QUESTIONS = 300
OPTIONS = 40  # of a question
GAMES = 20
NICKNAME = 24  # characters
_LARGEST = 1e9  # of a score

_PUPIL = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[\w.,:+-]{1,120}", re.ASCII)


class ClassError(InceptionVizError):
    """Something about a class that can't be; a sentence for the user."""


@dataclass(frozen=True)
class Tally:
    """The answers to one question.

    Attributes:
        question: its id.
        chosen: option → how many chose it; every option that was offered.
        right: option → for how many of those who answered it would have been right.
        correct: how many were.
    """

    question: str
    chosen: dict[str, int]
    right: dict[str, int]
    correct: int = 0

    @property
    def answers(self) -> int:
        """How many have answered."""
        return sum(self.chosen.values())


@dataclass(frozen=True)
class Score:
    """One pupil's best in a game; ``number`` names the pupil to :meth:`Room.hide`."""

    number: int
    value: float
    nickname: str
    hidden: bool


@dataclass(frozen=True)
class Counts:
    """What a class has come to: pupils, tallies in the order of their first answers, scores."""

    pupils: int
    tallies: tuple[Tally, ...]
    games: dict[str, tuple[Score, ...]]


@dataclass(frozen=True)
class Line:
    """One answer or score for a table; ``pupil`` is a number that says nothing of who or when."""

    pupil: int
    question: str = ""
    choice: str = ""
    right: bool | None = None
    game: str = ""
    value: float | None = None


@dataclass
class _Pupil:
    number: int
    nickname: str = ""
    hidden: bool = False
    answers: dict[str, tuple[str, bool]] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)


class Room:
    """What a class holds, and its bounds. Whoever calls holds the lock."""

    def __init__(self, code: str) -> None:
        """Nobody has joined yet."""
        self.code = code
        self.answers = 0
        self._salt = secrets.token_bytes(16)
        self._pupils: dict[str, _Pupil] = {}
        self._tallies: dict[str, Tally] = {}

    def join(self, pupil: str) -> None:
        """Let a pupil in, who may have been there before.

        Raises:
            ClassError: if the class is full, or a pupil can't be called so.
        """
        if not _PUPIL.fullmatch(pupil):
            raise ClassError("The number that the browser has for this class can't be read.")
        if pupil not in self._pupils:
            if len(self._pupils) >= PUPILS:
                raise ClassError(f"Class {self.code} is full: {PUPILS} have joined.")
            self._pupils[pupil] = _Pupil(len(self._pupils) + 1)

    def has(self, pupil: str) -> bool:
        """Whether the pupil has joined."""
        return pupil in self._pupils

    def answer(
        self, pupil: str, question: str, choice: str, options: Sequence[str], right: Sequence[str]
    ) -> str:
        """Count an answer, unless there was one: the first stands. The one that counts.

        Raises:
            ClassError: if it can't be counted.
        """
        if not all(_ID.fullmatch(name) for name in (question, choice, *options, *right)):
            raise ClassError("This answer can't be counted.")
        answers = self._pupil(pupil).answers
        if question in answers:
            return answers[question][0]
        known = self._tallies.get(question) or Tally(question, {}, {})
        offered = dict.fromkeys((*known.chosen, *options, choice))
        if (len(self._tallies) >= QUESTIONS and not known.chosen) or len(offered) > OPTIONS:
            raise ClassError(f"Class {self.code} holds as many questions as it can.")
        for option in offered:
            known.chosen.setdefault(option, 0)
            known.right.setdefault(option, 0)
        known.chosen[choice] += 1
        for option in offered.keys() & {*right}:
            known.right[option] += 1
        self._tallies[question] = replace(known, correct=known.correct + (choice in right))
        answers[question] = (choice, choice in right)
        self.answers += 1
        return choice

    def score(self, pupil: str, game: str, value: float, lowest: bool) -> None:
        """Count a score if it is the pupil's best so far, the highest or the ``lowest``.

        Raises:
            ClassError: if it can't be counted.
        """
        if not _ID.fullmatch(game) or not abs(value) <= _LARGEST:
            raise ClassError("This score can't be counted.")
        scores = self._pupil(pupil).scores
        if game not in scores and len(scores) >= GAMES:
            raise ClassError(f"Class {self.code} holds as many scores as it can.")
        before = scores.get(game, value)
        scores[game] = min(before, value) if lowest else max(before, value)

    def name(self, pupil: str, nickname: str) -> str:
        """Give a pupil a nickname, or take it back; the name as it will be shown.

        Raises:
            ClassError: if it is too long.
        """
        found, tidy = self._pupil(pupil), tidied(nickname)
        found.nickname = tidy
        return tidy

    def of_pupil(self, pupil: str) -> tuple[int, str, bool]:
        """How many answers and scores of a pupil count, the nickname, whether it is hidden."""
        found = self._pupil(pupil)
        return len(found.answers) + len(found.scores), found.nickname, found.hidden

    def counts(self) -> Counts:
        """What the class has come to, as it is now."""
        games: dict[str, list[Score]] = {}
        for pupil in self._pupils.values():
            for game, value in pupil.scores.items():
                score = Score(pupil.number, value, pupil.nickname, pupil.hidden)
                games.setdefault(game, []).append(score)
        copies = (
            replace(tally, chosen={**tally.chosen}, right={**tally.right})
            for tally in self._tallies.values()
        )
        scores = {game: tuple(found) for game, found in games.items()}
        return Counts(len(self._pupils), tuple(copies), scores)

    def hide(self, number: int, hidden: bool) -> None:
        """Hide whatever nickname a pupil has or will have, or show it again."""
        for pupil in self._pupils.values():
            if pupil.number == number:
                pupil.hidden = hidden

    def lines(self) -> Iterator[Line]:
        """All answers and scores; neither names nor the order in which pupils came."""

        def mixed(pupil: str) -> bytes:
            return hashlib.sha256(self._salt + pupil.encode()).digest()

        for number, name in enumerate(sorted(self._pupils, key=mixed), 1):
            for question, (choice, right) in self._pupils[name].answers.items():
                yield Line(number, question, choice, right)
            for game, value in self._pupils[name].scores.items():
                yield Line(number, game=game, value=value)

    def _pupil(self, pupil: str) -> _Pupil:
        if pupil not in self._pupils:
            raise ClassError("This browser hasn't joined the class.")
        return self._pupils[pupil]


def tidied(nickname: str) -> str:
    """A nickname on one line, without what can't be seen; two marks on a letter at most.

    Raises:
        ClassError: if it is too long.
    """
    tidy, marks = "", 0
    for sign in unicodedata.normalize("NFC", " ".join(nickname[:1000].split())):
        marks = marks + 1 if unicodedata.combining(sign) else 0
        tidy += sign if sign.isprintable() and marks <= 2 else ""
    if len(tidy) > NICKNAME:
        raise ClassError(f"A nickname has at most {NICKNAME} characters.")
    return tidy.strip()
