"""A worksheet on one photo in one network, to print, and its answers, computed with the network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from inception_viz.architecture.config import COLUMNS
from inception_viz.architecture.cost import reductions
from inception_viz.architecture.plan import steps
from inception_viz.classifier import Classifier
from inception_viz.explain.arithmetic import walk, walks
from inception_viz.explain.firing import firing
from inception_viz.explain.flow.edges import flow
from inception_viz.explain.muting import mute
from inception_viz.explain.target import Target
from inception_viz.figures.colours import BRANCH_NAMES
from inception_viz.figures.flow.streams import named
from inception_viz.figures.words import percent, signed
from inception_viz.report.document import Report
from inception_viz.report.templates import filled
from inception_viz.trace import Trace

Table = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Task:
    """One task of a worksheet; plain text throughout.

    Attributes:
        title: what it is about.
        text: what to do, with all numbers that it takes.
        answer: what the network's own numbers say; where any answer with reasons is right, what
            to look for.
        lines: how many empty lines to write on.
        tables: numbers to work with: caption → rows, the first of which may be a head.
    """

    title: str
    text: str
    answer: str
    lines: int = 2
    tables: dict[str, Table] = field(default_factory=dict)


def worksheet(classifier: Classifier, trace: Trace, *, photo: str = "") -> tuple[Task, ...]:
    """The tasks on a photo; those that a network has no part for are left out.

    Raises:
        ExplainError: for a trace of another classifier.
    """
    about = _About(classifier, trace, photo)
    makers = (_likeliest, _odds, _count, _cost, _kernel, _loudest, _muted, _followed, _broken)
    return tuple(task for make in makers for task in make(about))


def printed_worksheet(
    classifier: Classifier, trace: Trace, *, photo: str = "", answers: bool = False
) -> Report:
    """The worksheet, or its answers, as one HTML file made to be printed.

    Raises:
        ExplainError: for a trace of another classifier.
    """
    title = f"{'Answers' if answers else 'Worksheet'}: {photo or 'a photo'} in {classifier.title}"
    tasks = worksheet(classifier, trace, photo=photo)
    return Report(title, filled("worksheet.html.jinja", title, tasks=tasks, answers=answers))


class _About(NamedTuple):
    classifier: Classifier
    trace: Trace
    photo: str

    @property
    def module(self) -> str:
        """The one that tasks look into."""
        modules = list(self.classifier.config.modules)
        return "4c" if "4c" in modules else modules[len(modules) // 2]


Made = Iterator[Task]


def _likeliest(about: _About) -> Made:
    said = "; ".join(f"{label}, {percent(share)}" for label, share in about.trace.predictions(3))
    count = min(3, len(about.trace.labels))
    yield Task(
        "What does it say?",
        f"Open Explore with the photo {about.photo or 'in question'}. Write down the {count} "
        "likeliest classes and how likely the network finds each. Is the first one right?",
        f"{said}.",
        lines=3,
    )


def _odds(about: _About) -> Made:
    """Only where there are two classes to compare."""
    likeliest = about.trace.top_classes(2)
    if len(likeliest) < 2:
        return
    logits = [round(float(about.trace.logits[index]), 2) for index, _ in likeliest]
    first, second = (about.trace.labels[index] for index, _ in likeliest)
    difference = round(logits[0] - logits[1], 2)
    truly = likeliest[0][1] / likeliest[1][1] if likeliest[1][1] else math.inf
    yield Task(
        "From scores to probabilities",
        f"The logit of {first} is {logits[0]:g}, that of {second} {logits[1]:g}. Softmax makes one "
        "class e to the power of the difference as likely as the other (e is about 2.72). How many "
        f"times as likely is {first} as {second}?",
        f"e^{difference:g} = {math.exp(difference):.3g} times; without rounding, "
        f"{truly:.3g} times.",
    )


def _count(about: _About) -> Made:
    name = about.module
    row, layers = about.classifier.config.modules[name], steps(about.classifier.config)[name]
    widths = {layer.branch: layer.outputs for layer in layers if layer.branch}
    counts = (row.f_1x1, row.f_3x3_r, row.f_3x3, row.f_5x5_r, row.f_5x5, row.f_pp)
    shown = tuple("none" if count is None else f"{count}" for count in counts)
    total = layers[-1].outputs
    yield Task(
        f"The channels of module {name}",
        f"{layers[0].inputs} channels come into module {name}. Its row of the architecture table "
        "is below. How many channels does each branch put out, and how many does the module?",
        f"{', '.join(f'{BRANCH_NAMES[b]} {n}' for b, n in widths.items())}; together {total}.",
        tables={f"Filters of {name}": (tuple(COLUMNS.values()), shown)},
    )


def _cost(about: _About) -> Made:
    """Only where a convolution has a reduction in front."""
    name, known = about.module, reductions(about.classifier.config)
    branch = next((b for b in ("5x5", "3x3") if (name, b) in known and known[name, b].reduce), None)
    if branch is None:
        return
    found = known[name, branch]
    size, k = f"{found.size} × {found.size}", f"{found.kernel} × {found.kernel}"
    yield Task(
        "What the reduction saves",
        f"The {BRANCH_NAMES[branch]} branch of {name} makes {found.filters} maps of {size} out of "
        f"{found.in_channels}, with kernels of {k}. In front of it stand {found.reduce} 1×1 "
        "filters. How many multiplications does the branch take as it is, and how many without "
        "the 1×1 filters?",
        f"With: {size} × ({found.in_channels} × {found.reduce} + {found.reduce} × {found.filters} "
        f"× {k}) = {found.reduced:,}. Without: {size} × {found.in_channels} × {found.filters} × "
        f"{k} = {found.naive:,}. The reduction saves {percent(found.saved)}.",
        lines=4,
    )


def _kernel(about: _About) -> Made:
    """The place where a 3×3 kernel's sum is largest, with numbers that were rounded before."""
    places = [place for place in walks(about.classifier) if place[1] == "3x3"]
    name = about.module
    chosen = next((place for place in places if place[0] == name), next(iter(places), None))
    if chosen is None:
        return
    found = walk(about.classifier, about.trace, *chosen)
    at = np.unravel_index(int(np.abs(found.part).argmax()), found.part.shape)
    window = found.window(int(at[0]), int(at[1])).round(1)
    weights = found.weights.round(2)
    total = float((window.round(1).astype(float) * weights.astype(float)).sum())
    yield Task(
        "One place of a kernel",
        f"Channel {found.channel} of {found.module}, {BRANCH_NAMES[found.branch]}, reads map "
        f"{found.reduced} of the reduction. At one place its kernel covers the numbers below. "
        "Multiply each with its weight and add everything up.",
        f"{total:.2f} (with all decimals, {float(found.part[at]):.3f}). The other "
        f"{found.reduces - 1} reduced maps add such a sum each; then comes the bias, then ReLU.",
        lines=3,
        tables={
            "What it covers": _rows(window, 1),
            "Weights": _rows(weights, 2),
        },
    )


def _rows(values: np.ndarray, decimals: int) -> Table:
    return tuple(tuple(f"{v:.{decimals}f}".replace("-", "−") for v in row) for row in values)


def _loudest(about: _About) -> Made:
    """Only where the module fires."""
    name = about.module
    fired = firing(about.trace, about.classifier.weights.reference)
    shares = {b.branch: b.energy_share for b in fired.branches if b.module == name}
    known = {branch: share for branch, share in shares.items() if share is not None}
    if len(known) < 2:
        return
    first = max(known, key=known.__getitem__)
    yield Task(
        "Which branch is most active?",
        f"Guess first: which branch of {name} has the largest share of the module's energy on "
        f"{about.photo or 'the photo'}? Then choose “Share of the module” on Explore, and write "
        "down all of them.",
        f"{BRANCH_NAMES[first]}. "
        f"{', '.join(f'{BRANCH_NAMES[b]} {percent(share)}' for b, share in known.items())}.",
    )


def _muted(about: _About) -> Made:
    name = about.module
    branch = max(about.trace.branches[name], key=lambda b: len(about.trace.branches[name][b]))
    index, before = about.trace.top_classes(1)[0]
    after = float(
        mute(about.classifier, about.trace, [f"{name}/{branch}"]).probabilities("main")[index]
    )
    yield Task(
        "Without one branch",
        f"What happens to the probability of {about.trace.labels[index]} if the "
        f"{BRANCH_NAMES[branch]} branch of {name} is muted? Write down your guess and why; then "
        "try it on Switchboard.",
        f"{percent(before)} becomes {percent(after)}.",
        lines=3,
    )


def _followed(about: _About) -> Made:
    index, label = about.trace.top_classes(1)[0][0], about.trace.predictions(1)[0][0]
    found = flow(about.classifier, about.trace, Target(index))
    *_, before, last, _head = found.steps
    branch = int(found.branches[last].argmax())
    source = int(found.edges[before][:, branch].argmax())
    ends = (found.names[last][branch], found.names[before][source])
    values = (found.branches[last][branch], found.edges[before][source, branch])
    (sink, handed), (origin, came) = (
        (named(name), signed(float(value))) for name, value in zip(ends, values, strict=True)
    )
    yield Task(
        "Follow the answer back",
        f"Open Flow. Which branch of {last} hands on most to {label}, and how much? Point at it: "
        "from which branch in front does most of that come?",
        f"{sink} hands on {handed} logits; most of it, {came}, comes from {origin}.",
        lines=3,
    )


def _broken(about: _About) -> Made:
    yield Task(
        "Break it",
        f"Change as few pixels of {about.photo or 'the photo'} as you can, on Break it, until the "
        f"network no longer says {about.trace.predictions(1)[0][0]}. Note the share of pixels and "
        "what you did. Which branches changed most? What does that tell you about what the network "
        "goes by?",
        "The smallest share in class wins. Look for a reason: did the change cover what Grad-CAM "
        "marks, or add what another class is known by?",
        lines=5,
    )
