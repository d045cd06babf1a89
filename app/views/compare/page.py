"""Compare: two photos on one network, or one photo on two networks."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import inception_viz as iv
from app.session import explanations, traces
from app.session.scene import Scene, current
from app.views.compare import counterpart, exchange, side_by_side
from app.views.compare.side_by_side import Pair
from app.widgets import choice, figure, messages, picture
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture import BRANCHES
from inception_viz.explain import METHODS, compare_cams, compare_contributions, compare_firing
from inception_viz.figures import (
    BRANCH_NAMES,
    Metric,
    difference_bars,
    paint_cams,
    paint_contributions,
    paint_firing,
    percent,
)


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Compare")
    other = counterpart.show(scene)
    if other is None:
        return
    pair = Pair(scene, other)
    _sides(pair)
    controls = st.container(horizontal=True, gap="medium")
    with controls:
        one_network = scene.model.key == other.model.key
        views = {k: title for k, (title, _) in _VIEWS.items() if one_network or k != "exchange"}
        view = choice.show("view", "By", views)
    with messages.errors():
        _VIEWS[view][1](pair, controls)


def _sides(pair: Pair) -> None:
    columns = st.columns([1, 4, 1, 4], vertical_alignment="center")
    for place, (side, name) in enumerate(zip(pair.sides, pair.names, strict=True)):
        with columns[2 * place], st.container(width=120):
            picture.framed_photo(side.trace, side.alt)
        with columns[2 * place + 1]:
            label, probability = side.trace.predictions(1)[0]
            st.markdown(
                f"**{plain(name)}**  \n{plain(side.model.title)} says **{plain(label)}** "
                f"({percent(probability)}){_belief(side)}"
            )


def _belief(side: Scene) -> str:
    """The class in question, where that isn't the answer itself."""
    if side.trace.top_classes(1)[0][0] == side.target:
        return "."
    probability = percent(float(side.trace.probabilities()[side.target]))
    return f"; {plain(side.model.labels[side.target])}: {probability}."


_METRICS: dict[Metric, str] = {
    "deviation": "Unusual firing",
    "energy_share": "Share of the module",
    "mean": "Mean activation",
}


def _firing(pair: Pair, controls: DeltaGenerator) -> None:
    """How the branches fire."""
    found = [traces.firing(side.trace, side.model) for side in pair.sides]
    metrics = dict(_METRICS)
    if any(side.reference is None for side in found):
        del metrics["deviation"]
    with controls:
        metric = choice.show("by", "Figure", metrics)
    compared = compare_firing(found[0], found[1], metric)
    paintings = [paint_firing(side, metric) for side in found]
    title = f"{metrics[metric]}, side by side"
    side_by_side.networks("firing", title, pair, paintings, compared)


def _contributions(pair: Pair, controls: DeltaGenerator) -> None:
    """What the branches contribute."""
    with controls:
        method = choice.show("scored_by", "Method", {key: m.title for key, m in METHODS.items()})
    results = []
    for place, side in enumerate(pair.sides):
        target = iv.Target(side.target)
        job = explanations.job(
            iv.contributions, side.model, side.trace, target, method=method, baseline="zero"
        )
        found = wait_for(f"compared_{place}", job, f"{METHODS[method].title} of every branch …")
        if found is None:
            return
        results.append(found)
    compared = compare_contributions(results[0], results[1])
    paintings = [paint_contributions(found) for found in results]
    title = f"{METHODS[method].title}, side by side: {plain(results[0].label)}"
    side_by_side.networks("contributions", title, pair, paintings, compared)


def _cams(pair: Pair, controls: DeltaGenerator) -> None:
    """Where modules look, and which branches hold the evidence."""
    found = [
        result_of(explanations.cams(s.model, s.trace, iv.Target(s.target))) for s in pair.sides
    ]
    compared = compare_cams(found[0], found[1])
    modules = [module for module in found[0] if module in found[1]]
    with controls:
        module = choice.module("at", modules, modules[-1])
    title = f"Where {module} looks for {plain(pair.first.model.labels[pair.first.target])}"
    maps = (found[0][module], found[1][module])
    first, second = (s.cam_grid(c, module) for s, c in zip(pair.sides, found, strict=True))
    difference = found[1].minus(found[0], module)
    side_by_side.photos("cams", title, pair, maps, difference, (first, second))
    paintings = [
        paint_cams(side, tuple(s.trace.modules)) for side, s in zip(found, pair.sides, strict=True)
    ]
    title = "Which branches hold the evidence"
    side_by_side.networks("evidence", title, pair, paintings, compared)


def _branches(pair: Pair, controls: DeltaGenerator) -> None:
    """The mean maps of one module's branches."""
    shared = [m for m in pair.first.trace.branches if m in pair.second.trace.branches]
    with controls:
        module = choice.module("at", shared, shared[-1])
        outputs = [side.trace.branches[module] for side in pair.sides]
        present = {b: BRANCH_NAMES[b] for b in BRANCHES if all(b in maps for maps in outputs)}
        branch = choice.show("in_branch", "Branch", present)
    place = f"{module}/{branch}"
    layers = [traces.layer(side.trace, place) for side in pair.sides]
    first, second = (layer.mean_map for layer in layers)
    difference = second - first if first.shape == second.shape else None
    title = f"Mean activation of the {BRANCH_NAMES[branch]} branch of {module}"
    grids = (pair.first.grid(first, place, "mean"), pair.second.grid(second, place, "mean"))
    side_by_side.photos("mean_maps", title, pair, (first, second), difference, grids)
    if pair.first.model.key == pair.second.model.key:
        figure.chart(
            "channel_differences",
            difference_bars(layers[0].mean, layers[1].mean),
            "Red: the channel fires more on the second photo. Blue: more on the first.",
        )


_VIEWS = {
    "firing": ("Firing", _firing),
    "branches": ("Branch activations", _branches),
    "contributions": ("Contributions", _contributions),
    "cams": ("Grad-CAM", _cams),
    "exchange": ("Exchange branches", exchange.show),
}


show()
