"""Concepts in pictures and in words."""

from __future__ import annotations

from html import escape

import numpy as np

from inception_viz.architecture.places import Place
from inception_viz.explain.target import Target
from inception_viz.features.concepts import Concept, Dependence
from inception_viz.figures.colours import BRANCH_NAMES, SEQUENTIAL, STEM_COLOUR, hex_colour
from inception_viz.figures.network_map import Cell, Painting
from inception_viz.figures.words import bar, percent, short_number, signed

_FOUND_COLOUR = "#009E73"


def paint_concept(concept: Concept) -> Painting:
    """How well each branch tells held-out examples apart, from chance (50 %) to always."""
    cells, modules = {}, []
    for place, share in concept.accuracy.items():
        found = Place.parse(place)
        if found is None or found.branch is None:
            modules.append(place)
            continue
        known = place in concept.found
        words = (
            f"{found.module}, {BRANCH_NAMES[found.branch]}: {percent(share)} of held-out examples "
            f"told apart; {'found' if known else 'no more than chance may give'}"
        )
        text = percent(share) if known else "–"
        level = max(2 * share - 1, 0.0) if known else 0.0
        cells[found.module, str(found.branch)] = Cell(text, hex_colour(level, SEQUENTIAL), words)
    return Painting(tuple(modules), cells, SEQUENTIAL, ("50 % (chance)", "", "100 %"))


def concept_bars(concept: Concept) -> str:
    """A bar a module: how often held-out examples are told apart; grey where it wasn't found."""
    return "".join(
        bar(
            place,
            percent(share) + ("" if place in concept.found else ", not found"),
            share,
            _FOUND_COLOUR if place in concept.found else STEM_COLOUR,
        )
        for place, share in concept.accuracy.items()
        if "/" not in place
    )


def concept_sentence(concept: Concept) -> str:
    """Whether it was found, where, and beside what. HTML, the name escaped."""
    name = f"<b>{escape(concept.name)}</b>"
    chance = percent(float(np.quantile(concept.chance, 0.95, method="higher")))
    modules = [place for place in concept.found if "/" not in place]
    best = concept.best
    if not concept.found:
        return (
            f"Nothing found: the network has no direction for {name} that tells your photos apart. "
            f"The best module, {best}, is right on {percent(concept.accuracy[best])} of photos "
            f"left out; random photos reach up to {chance} somewhere."
        )
    if not modules:
        where = ", ".join(concept.found[:3])
        return f"{name} was found in no whole module, but in the branches {where}."
    return (
        f"{name} was found in {len(modules)} of {sum('/' not in p for p in concept.accuracy)} "
        f"modules, best in <b>{best}</b>: right on <b>{percent(concept.accuracy[best])}</b> of "
        f"photos left out; random photos reach up to {chance} somewhere."
    )


def dependence_sentence(found: Dependence, name: str, target: Target, label: str) -> str:
    """What the answer owes to the concept. HTML, labels escaped."""
    count, after = len(found.chance), found.value + found.removed
    below = round(found.rank * count)
    verdict = (
        f"more than any of {count} random directions"
        if below == count
        else f"more than {below} of {count} random directions"
    )
    if found.rank < 0.95:
        verdict += ": that may be chance"
    return (
        f"With {escape(name)} taken out of {found.module}, the {escape(label)} goes from "
        f"{short_number(found.value)} to <b>{short_number(after)}</b> "
        f"({signed(found.removed)} {target.unit}), {verdict}. To first order, the step from photos "
        f"without to photos with {escape(name)} changes it by {signed(found.added)}."
    )
