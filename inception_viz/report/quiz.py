"""Eight questions before a lesson and eight of the same kind after it: what has a class learned?

What they ask is the same before and after; the numbers and the words differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.cost import (
    PAPER_EXAMPLE,
    Reduction,
    at_inference,
    layers,
    reductions,
    totals,
)
from inception_viz.files.foreign import rows_text

When = Literal["before", "after"]
LETTERS = "ABCD"


@dataclass(frozen=True)
class Question:
    """A question with four answers.

    Attributes:
        when: before the lesson, or after it.
        number: 1 to 8; the same number asks for the same.
        about: what somebody knows who answers it.
        text: the question.
        answers: four, of which ``right`` is the place of the right one, 0 to 3.
    """

    when: When
    number: int
    about: str
    text: str
    answers: tuple[str, str, str, str]
    right: int


def questions(config: GoogLeNetConfig) -> tuple[Question, ...]:
    """Those before, then those after; figures are those of the network of ``config``."""
    costs = [found for found in reductions(config).values() if found.reduce]
    examples = (costs[0], costs[-1]) if len(costs) > 1 else _PAPERS
    pairs = (*_PAIRS, _cost(examples), _size(config))
    return tuple(
        Question(when, number, about, *asked[place])
        for place, when in enumerate(_WHEN)
        for number, (about, *asked) in enumerate(pairs, 1)
    )


def question_table(asked: Iterable[Question]) -> str:
    """As CSV: when, number, about, question, A, B, C, D, right (a letter)."""
    columns = ["when", "number", "about", "question", *LETTERS, "right"]
    rows = ([q.when, q.number, q.about, q.text, *q.answers, LETTERS[q.right]] for q in asked)
    return rows_text(columns, rows)


_PAPERS = (PAPER_EXAMPLE, Reduction(14, 512, 24, 64, 5))  # 5×5 of 3a and of 4c
_WHEN: tuple[When, When] = ("before", "after")
Asked = tuple[str, tuple[str, str, str, str], int]
Pair = tuple[str, Asked, Asked]

_PAIRS: tuple[Pair, ...] = (
    (
        "what an inception module does",
        (
            "What does an inception module do with what comes into it?",
            (
                "It chooses the best filter size and uses that one.",
                "It looks at it with 1×1, 3×3 and 5×5 filters and a pool side by side, and hands "
                "on all of it.",
                "It looks with 1×1 filters first, then with 3×3, then with 5×5, one after another.",
                "It makes the picture smaller until one number is left.",
            ),
            1,
        ),
        (
            "The branches of a module put out 64, 128, 32 and 32 channels. What comes out of it?",
            (
                "64 channels, those of the first branch.",
                "128 channels, those of the strongest branch.",
                "256 channels, all of them one behind the other.",
                "64 channels, the average of the four.",
            ),
            2,
        ),
    ),
    (
        "what a convolution computes",
        (
            "What does a 3×3 filter compute at one place of one map?",
            (
                "The largest of nine numbers.",
                "The average of nine numbers.",
                "Nine products of numbers and weights, added up.",
                "The difference between the place and its neighbours.",
            ),
            2,
        ),
        (
            "A 5×5 filter reads 16 maps. How many products does it add up for one number?",
            ("25", "41", "80", "400"),
            3,
        ),
    ),
    (
        "what ReLU does",
        (
            "A filter's sum is −3 at one place. What is left of it after ReLU?",
            ("3", "0", "−3", "1"),
            1,
        ),
        (
            "A filter's sums are −1, 0.5 and 2 at three places. What is left after ReLU?",
            ("1, 0.5, 2", "0, 0, 1", "−1, 0.5, 2", "0, 0.5, 2"),
            3,
        ),
    ),
    (
        "firing and mattering are two things",
        (
            "A branch fires much more than usual on a photo. What follows for the answer?",
            (
                "Nothing yet: what comes behind may ignore it, or it may speak against the answer.",
                "The branch speaks for the answer.",
                "The branch decides the answer.",
                "The answer is wrong.",
            ),
            0,
        ),
        (
            "Without a branch, the probability of the answer goes up. What does that mean?",
            (
                "There is a mistake: a branch can't do that.",
                "The branch didn't fire.",
                "The branch spoke against that answer.",
                "The branch was the most important one.",
            ),
            2,
        ),
    ),
    (
        "what a network can answer",
        (
            "A network was trained on ten kinds of things. You show it something else. What does "
            "it answer?",
            (
                "That it doesn't know.",
                "One of its ten classes, and it may be very sure.",
                "Nothing, until it has been trained on it.",
                "The name of the new thing, but with a low probability.",
            ),
            1,
        ),
        (
            "A network says “golf ball, 97 %” about the photo of a snail. What is the 97 %?",
            (
                "The share of its classes that look like a golf ball.",
                "The chance that there is a golf ball on the photo.",
                "How sure it is among the classes that it knows; a snail may not be one of them.",
                "The share of the photo that the golf ball covers.",
            ),
            2,
        ),
    ),
    (
        "what Grad-CAM shows",
        (
            "What does a Grad-CAM map show?",
            (
                "Where the evidence for a class lies, as far as the network sees it.",
                "Where the photo is brightest.",
                "Where the object's edges are.",
                "What the network would like to see.",
            ),
            0,
        ),
        (
            "Grad-CAM for “horse” lights up the meadow and not the horse. What do you learn?",
            (
                "The map is broken.",
                "The photo shows no horse.",
                "The network goes by the surroundings here; it may fail where horses stand "
                "elsewhere.",
                "The network has found the horse's shadow.",
            ),
            2,
        ),
    ),
)


def _cost(examples: tuple[Reduction, Reduction]) -> Pair:
    def ask(found: Reduction) -> Asked:
        k, place = f"{found.kernel}×{found.kernel}", replace(found, size=1)
        wrong = (
            f"{found.filters * found.kernel**2:,}",
            f"{place.naive:,}",
            f"{place.convolution_cost:,}",
        )
        return (
            f"{found.in_channels} maps come in, {found.reduce} filters of 1×1 reduce them, "
            f"{found.filters} filters of {k} follow. How many multiplications for one place?",
            (wrong[0], wrong[1], f"{place.reduced:,}", wrong[2]),
            2,
        )

    return ("what a 1×1 reduction saves", ask(examples[0]), ask(examples[1]))


def _size(config: GoogLeNetConfig) -> Pair:
    own = totals(at_inference(layers(config)))
    millions = own.parameters / 1e6
    giga = own.macs / 1e9
    return (
        "the size of the network",
        (
            "About how many weights has the network that you look into? (AlexNet: 61 million.)",
            (
                f"{_round(millions * 20)} million",
                f"{_round(millions * 8)} million",
                f"{_round(millions)} million",
                f"{_round(millions / 30)} million",
            ),
            2,
        ),
        (
            "About how many multiplications does it take for one photo?",
            (
                f"{_round(giga / 1000)} billion",
                f"{_round(giga)} billion",
                f"{_round(giga * 50)} billion",
                f"{_round(giga * 1000)} billion",
            ),
            1,
        ),
    )


def _round(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
