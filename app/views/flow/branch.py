"""One branch of a flow: what comes in and what goes on."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, flows
from app.session.flows import Opened
from app.session.scene import Scene
from app.widgets import figure, page_link
from inception_viz.architecture import Place
from inception_viz.figures import fixed, flow_bars, named


def show(scene: Scene, found: iv.Flow, name: str) -> None:
    """Draw both sides of the branch ``name``."""
    place = Place.parse(name)
    assert place is not None
    step = found.steps.index(place.module)
    at = found.names[place.module].index(name)
    before, after = found.steps[step - 1], found.steps[step + 1]
    comes = [(n, found.edge(n, name)) for n in found.names[before]]
    goes = [(n, found.edge(name, n)) for n in found.names[after]]
    bias = float(found.bias[place.module][at])
    into, onward = st.columns(2, gap="large")
    most = max(abs(value) for _, value in [*comes, *goes, ("", bias)])
    with into:
        _side("comes", f"Into {named(name)}", [*comes, ("biases", bias)], most)
        _ways([(Opened(n, name), n, value) for n, value in comes])
    with onward:
        _side("goes", f"On from {named(name)}", goes, most)
        _ways([(Opened(name, n), n, value) for n, value in goes])
    with st.container(horizontal=True, gap="medium"):
        page_link.show("branches", "See its maps", page_link.maps_of(place))
        page_link.show("switchboard", "Switch it off", {address.MUTED: name})


def _side(key: str, title: str, rows: list[tuple[str, float]], most: float) -> None:
    total = fixed(sum(value for _, value in rows), 1.0)
    how = f"In logits; together {total}. Striped: against the answer. Both sides on one scale."
    with figure.frame(key, title, how):
        st.html(flow_bars(rows, most))


def _ways(ways: list[tuple[Opened, str, float]]) -> None:
    """To what flows between the branch and each neighbour, channel by channel."""
    with st.container(horizontal=True, gap="small"):
        st.caption("Open channel by channel:")
        for what, name, value in ways:
            if value:
                st.button(
                    named(name),
                    key=f"flow_to_{what}",
                    icon=":material/grid_3x3:",
                    on_click=flows.open_,
                    args=(what,),
                )
