"""One module, step by step, on the photo's own numbers: a kernel walks over a reduced map."""

from __future__ import annotations

import streamlit as st

from app.session.scene import Scene
from app.widgets import choice, kernel_walk, messages
from inception_viz.explain import walk, walks
from inception_viz.figures import BRANCH_NAMES


def show(scene: Scene) -> None:
    """Draw the chapter."""
    st.markdown(
        "A 3×3 or 5×5 branch works in two steps. **Reduce**: a 1×1 convolution mixes all maps that "
        "come in into a few. **Convolve**: a kernel walks over those few maps; at every place it "
        "multiplies what it covers with its weights and adds everything up. Then the four branches "
        "are **concatenated**, stacked into one block. Press *Play*, then click any place of the "
        "output."
    )
    places = walks(scene.model)
    if not places:
        st.info("No branch of this network has a reduction. Choose another model at the side.")
        return
    with st.container(horizontal=True, gap="medium"):
        modules = list(dict.fromkeys(m for m, _ in places))
        module = choice.show("walk_module", "Module", {m: m for m in modules})
        branches = [b for m, b in places if m == module]
        branch = choice.show("walk_branch", "Branch", {b: BRANCH_NAMES[b] for b in branches})
    with messages.errors():
        found = walk(scene.model, scene.trace, module, branch)
        title = f"{module}, {BRANCH_NAMES[branch]} branch: how its strongest map is made"
        kernel_walk.show(scene, found, title)
