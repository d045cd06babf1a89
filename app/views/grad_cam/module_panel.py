"""A module and its branches: where each looks."""

from __future__ import annotations

import streamlit as st

from app.session import explanations
from app.session.scene import Scene
from app.widgets import figure, heading, picture
from inception_viz.explain import Cams
from inception_viz.figures import BRANCH_COLOURS, BRANCH_NAMES, grid_csv, percent, short_number

_HOW = (
    "The branch maps add up exactly to the module's map, before negative parts are cut off. "
    "Evidence: a map's positive part, added up. Set the scale to **shared** to compare branches by "
    "eye."
)


def show(scene: Scene, cams: Cams, module: str, strength: float, *, shared: bool) -> None:
    """Draw them; ``shared`` says that all maps are on one scale."""
    title, csv = f"Module {module}, and its four branches", grid_csv(cams.raw(module))
    with figure.frame("cam", title, _HOW, csv=csv):
        _maps(scene, cams, module, strength, shared)


def _maps(scene: Scene, cams: Cams, module: str, strength: float, shared: bool) -> None:
    branches = list(cams.branches[module])
    values = {branch: cams.at_input_size(module, branch) for branch in branches}
    tops = {branch: float(v.max()) for branch, v in values.items()}
    whole = float(cams[module].max())
    highest = max(whole, *tops.values())
    columns = st.columns(len(branches) + 1, gap="small")
    with columns[0]:
        heading.coloured("whole module", "#888")
        top = highest if shared else whole
        jpeg = explanations.cam_jpeg(scene.trace, cams, module, "", top, strength, 320)
        picture.show(jpeg, f"{module}: whole module", f"0 to {short_number(top)}")
    shares = cams.shares(module)
    for column, branch in zip(columns[1:], branches, strict=True):
        with column:
            heading.coloured(BRANCH_NAMES[branch], BRANCH_COLOURS[branch])
            top = highest if shared else tops[branch]
            jpeg = explanations.cam_jpeg(scene.trace, cams, module, branch, top, strength, 320)
            share = percent(shares[branch]) if shares else "none"
            alt = f"{module}: {BRANCH_NAMES[branch]} branch"
            picture.show(jpeg, alt, f"{share} of the evidence  \n0 to {short_number(top)}")
