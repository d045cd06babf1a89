"""Why four branches side by side."""

from __future__ import annotations

import streamlit as st

from app.session import traces
from app.session.scene import Scene
from app.views.learn.chapters.question import ask, highest
from app.widgets import choice, figure, heading, picture
from inception_viz.explain import BranchFiring
from inception_viz.figures import BRANCH_COLOURS, BRANCH_NAMES, grid_csv, percent

_SEES = {
    "1x1": "one place at a time, all channels",
    "3x3": "a place and its neighbours",
    "5x5": "a wider neighbourhood",
    "pool": "the strongest value nearby",
}


def show(scene: Scene) -> None:
    """Draw the chapter."""
    st.markdown(
        "How large should a filter be? An eye is small on one photo and fills the next. GoogLeNet "
        "doesn't choose: each of its modules looks with **1×1, 3×3 and 5×5** filters and a "
        "**pool** at the same input, side by side, and hands on all that the four found."
    )
    modules = list(scene.model.config.modules)
    module = choice.show("learn_module", "Look into module", {name: name for name in modules})
    fired = traces.firing(scene.trace, scene.model)
    found: dict[str, BranchFiring] = {b.branch: b for b in fired.branches if b.module == module}
    shares = {b: f.energy_share or 0.0 for b, f in found.items()}
    said = ", ".join(f"{BRANCH_NAMES[b]} {percent(share)}" for b, share in shares.items())
    loudest = max(found.values(), key=lambda b: b.mean)
    reason = (
        f"Share of the module's energy, all squared activations added up: {said}. Many channels "
        f"help: {_channels(scene, module)}. Averaged over its units, "
        f"{BRANCH_NAMES[loudest.branch]} fires most strongly."
    )
    if any(shares.values()):
        ask(
            "guess_branch",
            scene,
            f"Which branch of {module} is most active on this photo?",
            {branch: BRANCH_NAMES[branch] for branch in found},
            lambda: (highest(shares, percent), reason),
            counts_as="branch",
            about=[module],
        )
    else:
        st.caption(f"{module} is silent on this photo: no branch of it fires.")
    how = (
        "Mean of each branch's channels over the photo; yellow is most, each map on its own scale."
    )
    layers = {name: traces.layer(scene.trace, name) for name in (f"{module}/{b}" for b in found)}
    csv = grid_csv(scene.grid(layer.mean_map, name, "mean") for name, layer in layers.items())
    title = f"What the branches of {module} respond to"
    with figure.frame("lesson_branches", title, how, csv=csv):
        for column, branch in zip(st.columns(len(found), gap="medium"), found, strict=True):
            with column:
                _branch(scene, module, branch)


def _channels(scene: Scene, module: str) -> str:
    widths = {b: n for (m, b), n in scene.trace.widths.items() if m == module}
    return ", ".join(f"{BRANCH_NAMES[b]} has {n}" for b, n in widths.items())


def _branch(scene: Scene, module: str, branch: str) -> None:
    heading.coloured(BRANCH_NAMES[branch], BRANCH_COLOURS[branch], _SEES[branch])
    layer = traces.layer(scene.trace, f"{module}/{branch}")
    alt = f"Mean map of {module} {BRANCH_NAMES[branch]} over the photo"
    jpeg = picture.over_photo(scene.trace, layer.mean_map, side=320)
    picture.show(jpeg, alt, f"{len(layer.mean)} channels")
