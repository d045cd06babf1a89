"""What can be compared, each way with its difference: firing, activations, contributions, CAMs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import inception_viz as iv
from app.session import explanations, traces
from app.session.scene import Scene
from app.widgets import branch_map, choice, figure
from app.widgets.markdown import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture.config import BRANCHES
from inception_viz.explain.comparison import (
    Comparison,
    compare_cams,
    compare_contributions,
    compare_firing,
)
from inception_viz.explain.contributions import METHODS
from inception_viz.figures import overlay
from inception_viz.figures.colours import BRANCH_NAMES
from inception_viz.figures.difference_bars import difference_bars
from inception_viz.figures.network_map import Painting
from inception_viz.figures.numbers import grid_csv
from inception_viz.figures.paintings import (
    Metric,
    paint_cams,
    paint_contributions,
    paint_difference,
    paint_firing,
)
from inception_viz.figures.words import figure as short
from inception_viz.files.spreadsheet import csv_text

_METRICS: dict[Metric, str] = {
    "deviation": "Unusual firing",
    "energy_share": "Share of the module",
    "mean": "Mean activation",
}
_HOW = (
    "Left and middle: the two sides. Right: the second minus the first, red where the second is "
    "higher, blue where it is lower, white where they agree."
)


@dataclass(frozen=True)
class Pair:
    """Two scenes that share the photo or the model."""

    first: Scene
    second: Scene

    @property
    def sides(self) -> tuple[Scene, Scene]:
        """Both."""
        return self.first, self.second

    @property
    def same_photo(self) -> bool:
        """Whether it is one photo on two networks."""
        return self.first.trace.picture.sha256 == self.second.trace.picture.sha256

    @property
    def names(self) -> tuple[str, str]:
        """What tells the sides apart: their models, or their photos."""
        if self.same_photo:
            return self.first.model.title, self.second.model.title
        return self.first.photo, self.second.photo


def firing(pair: Pair, controls: DeltaGenerator) -> None:
    """How the branches fire."""
    found = [traces.firing(side.trace, side.model) for side in pair.sides]
    metrics = dict(_METRICS)
    if any(side.reference is None for side in found):
        del metrics["deviation"]
    with controls:
        metric = choice.show("by", "Figure", metrics)
    compared = compare_firing(found[0], found[1], metric)
    paintings = [paint_firing(side, metric) for side in found]
    _maps(
        "firing",
        f"{metrics[metric]}, side by side",
        pair,
        paintings,
        compared,
        metric == "energy_share",
    )


def contributions(pair: Pair, controls: DeltaGenerator) -> None:
    """What the branches contribute."""
    with controls:
        method = choice.show("scored_by", "Method", {key: m.title for key, m in METHODS.items()})
    results = []
    for place, side in enumerate(pair.sides):
        target = iv.Target(side.target)
        job = explanations.contributions(side.model, side.trace, target, method, "zero")
        found = wait_for(f"compared_{place}", job, f"{METHODS[method].title} of every branch …")
        if found is None:
            return
        results.append(found)
    compared = compare_contributions(results[0], results[1])
    paintings = [paint_contributions(found) for found in results]
    title = f"{METHODS[method].title}, side by side: {plain(results[0].label)}"
    _maps("contributions", title, pair, paintings, compared, False)


def cams(pair: Pair, controls: DeltaGenerator) -> None:
    """Where modules look, and which branches hold the evidence."""
    found = [
        result_of(explanations.cams(s.model, s.trace, iv.Target(s.target))) for s in pair.sides
    ]
    compared = compare_cams(found[0], found[1])
    modules = [module for module in found[0] if module in found[1]]
    with controls:
        module = _module(modules)
    maps = [side[module] for side in found]
    _overlays(
        "cams",
        f"Where {module} looks for {plain(pair.first.model.labels[pair.first.target])}",
        pair,
        (maps[0], maps[1]),
        found[1].at_input_size(module, relu=False) - found[0].at_input_size(module, relu=False),
    )
    paintings = [
        paint_cams(side, tuple(s.trace.modules)) for side, s in zip(found, pair.sides, strict=True)
    ]
    _maps("evidence", "Which branches hold the evidence", pair, paintings, compared, True)


def branches(pair: Pair, controls: DeltaGenerator) -> None:
    """The mean maps of one module's branches."""
    shared = [m for m in pair.first.trace.branches if m in pair.second.trace.branches]
    with controls:
        module = _module(shared)
        outputs = [side.trace.branches[module] for side in pair.sides]
        present = {b: BRANCH_NAMES[b] for b in BRANCHES if all(b in maps for maps in outputs)}
        branch = choice.show("in_branch", "Branch", present)
    layers = [traces.layer(side.trace, f"{module}/{branch}") for side in pair.sides]
    maps = [layer.mean_map for layer in layers]
    difference = maps[1] - maps[0] if maps[0].shape == maps[1].shape else None
    title = f"Mean activation of the {BRANCH_NAMES[branch]} branch of {module}"
    _overlays("mean_maps", title, pair, (maps[0], maps[1]), difference)
    if pair.first.model.key == pair.second.model.key:
        figure.chart(
            "channel_differences",
            difference_bars(layers[0].mean, layers[1].mean),
            "Red: the channel fires more on the second photo. Blue: more on the first.",
        )


VIEWS: dict[str, Callable[[Pair, DeltaGenerator], None]] = {
    "firing": firing,
    "branches": branches,
    "contributions": contributions,
    "cams": cams,
}


def _module(modules: list[str]) -> str:
    chosen: str = (
        st.pills(
            "Module", modules, default=modules[-1], required=True, key="at", bind="query-params"
        )
        or modules[-1]
    )
    return chosen


def _maps(
    key: str,
    title: str,
    pair: Pair,
    paintings: list[Painting],
    compared: Comparison,
    share: bool,
) -> None:
    drawn = [
        *(replace(p, widths=s.trace.widths) for p, s in zip(paintings, pair.sides, strict=True)),
        replace(paint_difference(compared, share=share), widths=pair.first.trace.widths),
    ]
    with figure.frame(key, title, _HOW, csv=csv_text(compared.to_frame())):
        named = zip(st.columns(3), drawn, (*pair.names, "Difference"), strict=True)
        for place, (column, painting, name) in enumerate(named):
            with column:
                st.markdown(f"**{plain(name)}**")
                branch_map.show(f"{key}_{place}", painting, {}, narrow=True)
    if compared.missing:
        places = ", ".join(f"{m} {BRANCH_NAMES[b]}" for m, b in compared.missing)
        st.caption(f"On one side only, so without a difference: {places}.")


def _overlays(
    key: str,
    title: str,
    pair: Pair,
    maps: tuple[np.ndarray, np.ndarray],
    difference: np.ndarray | None,
) -> None:
    """Both maps on one scale; their difference where both are of one photo."""
    top = max(float(values.max()) for values in maps)
    comparable = difference is not None and pair.same_photo
    how = "Yellow is strong, dark is none; both maps are on one scale."
    if comparable:
        how += " In the difference red is stronger on the second side, blue on the first."
    csv = grid_csv(difference) if difference is not None else ""
    with figure.frame(key, title, how, csv=csv):
        columns = st.columns(3)
        for column, side, values, name in zip(columns, pair.sides, maps, pair.names, strict=False):
            trace = side.trace
            image = overlay.overlay(trace.picture, trace.fitting, values, maximum=top)
            caption = f"{name}, 0 to {short(top)}"
            column.image(
                overlay.encode(image), width="stretch", alt=caption, caption=plain(caption)
            )
        if comparable and difference is not None:
            trace = pair.first.trace
            image = overlay.overlay(trace.picture, trace.fitting, difference, signed=True)
            caption = f"Difference, up to ±{short(float(np.abs(difference).max()))}"
            columns[2].image(overlay.encode(image), width="stretch", alt=caption, caption=caption)
        elif not pair.same_photo:
            columns[2].caption(
                "Two photos have no pixel in common, so no map of their difference is shown. What "
                "differs branch by branch, or channel by channel, stands below."
            )


__all__ = ["VIEWS", "Pair"]
