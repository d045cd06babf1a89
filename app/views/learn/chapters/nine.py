"""The nine modules and their table."""

from __future__ import annotations

import streamlit as st

from app.session.scene import Scene
from app.views.learn.chapters.question import ask
from app.widgets import figure, page_link, picture
from inception_viz.architecture import COLUMNS, at_inference, branch_table, layers, steps, totals
from inception_viz.figures import network_diagram, percent
from inception_viz.files import csv_text


def show(scene: Scene) -> None:
    """Draw the chapter."""
    import pandas as pd

    config = scene.model.config
    found = at_inference(layers(config))
    whole = totals(found)
    macs = {name: totals(found, name).macs for name in config.modules}
    sizes = {name: "{0}×{0}".format(steps(config)[name][-1].size) for name in config.modules}
    st.markdown(
        f"The network has {len(config.modules)} modules in three groups; a max pool between the "
        "groups halves the maps. Six numbers describe a module: how many filters each branch has, "
        "and how many its reductions leave. This is the network in front of you; the paper's "
        "table 1 has the same columns."
    )
    best = max(macs, key=lambda name: macs[name])
    reason = (
        f"It takes {macs[best] / 1e6:,.0f} M of {whole.macs / 1e6:,.0f} M multiplications, "
        f"{percent(macs[best] / whole.macs)}. Its maps are {sizes[best]}: a filter has to be "
        "applied at every place, so large maps cost much, even where later modules have more "
        "filters."
    )
    answered = ask(
        "guess_dearest",
        scene,
        "Which module takes the most multiplications?",
        {name: name for name in config.modules},
        lambda: ([best], reason),
        counts_as="dearest",
    )
    rows = {
        name: {title: getattr(row, field) for field, title in COLUMNS.items()}
        | {"map": sizes[name]}
        | ({"M MACs": round(macs[name] / 1e6, 1)} if answered else {})
        for name, row in config.modules.items()
    }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    how = "One row for each module; map: how many places its maps have."
    if answered:
        how += " MAC: one multiplication with its addition, counted for one photo."
    csv = csv_text(branch_table(config))
    with figure.frame("nine", "The table of this network", how, csv=csv):
        st.dataframe(frame, width="stretch")
    with figure.frame("nine_drawing", "The network, to scale in channels", _HOW):
        picture.drawing("nine_network", network_diagram(config))
    page_link.show("lab", "Change the table and rebuild the network")


_HOW = (
    "A column for each module, as high as it has channels: 1×1 blue, 3×3 orange, 5×5 green, pool "
    "pink. Pale blocks beside it are its reduce layers. Dashed lines: pools that halve the map."
)
