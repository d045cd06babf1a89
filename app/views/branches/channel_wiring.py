"""What feeds a channel, what it pushes in the answer, and the answer with the channel scaled."""

from __future__ import annotations

import numpy as np
import streamlit as st

import inception_viz as iv
from app.session import address, channels, choices
from app.views.branches.channel import Channel, leading_away
from app.widgets import choice, figure, messages, picture
from app.widgets.messages import plain
from app.widgets.picture import Small
from app.widgets.waiting import result_of
from inception_viz.architecture import Place
from inception_viz.explain import Inputs
from inception_viz.features import atlas_of
from inception_viz.figures import (
    BRANCH_NAMES,
    data_url,
    percent,
    scale_chart,
    short_number,
    signed,
    signed_bars,
)

_INPUTS, _CLASSES, _LINES = 5, 4, 4
_SIDES = {"photo": "on this photo", "weights": "from the weights alone"}


@messages.errors()
def show(channel: Channel) -> None:
    """Draw its strongest inputs and the classes that it pushes most."""
    assert channel.place is not None
    scene = channel.scene
    found = result_of(channels.wiring(scene.model, scene.trace, channel.place))
    feeds, pushes = st.columns(2, gap="large")
    with feeds:
        _feeds(scene.model, found.inputs)
    with pushes, figure.frame("pushes", "What it pushes in the answer", _PUSH_HOW):
        order = np.argsort(found.push, kind="stable")
        chosen = [*order[::-1][:_CLASSES], *order[:_CLASSES][::-1]]
        rows = [(scene.trace.labels[c], float(found.push[c])) for c in dict.fromkeys(chosen)]
        st.html(signed_bars([row for row in rows if row[1]]) or "<p>Nothing: it is silent.</p>")
        target = float(found.push[scene.target])
        label = plain(scene.trace.labels[scene.target])
        st.markdown(f"**{label}**: {signed(target)} logits.")


_PUSH_HOW = (
    "Gradient × activation in logits, for all classes at once: exact behind the last module, a "
    "first-order estimate before it."
)


def _feeds(model: iv.Classifier, inputs: Inputs) -> None:
    by_weight = choice.show("fed", "Strongest inputs", _SIDES) == "weights"
    rows = inputs.strongest(_INPUTS, by_weight=by_weight)
    how = (
        "Weights added up over each kernel and multiplied along the branch, with all ReLUs open: "
        "what a constant input would change."
        if by_weight
        else "What each input adds to the channel's mean activation here, with every ReLU and max "
        f"pool as this photo sets them; all inputs and the biases ({signed(inputs.bias)}) add up "
        f"to it, {short_number(inputs.total)}."
    )
    with figure.frame("feeds", f"What feeds it, in {inputs.source}", how):
        names = [(_named(inputs.source, branch, c), value) for branch, c, value in rows]
        st.html(signed_bars(names))
        _pictures(model, inputs.source, rows)
        of = inputs.weights if by_weight else inputs.added
        if len(of) > 1:
            total = sum(float(np.abs(values).sum()) for values in of.values()) or 1.0
            shares = (
                f"{BRANCH_NAMES[branch]} {percent(float(np.abs(v).sum()) / total)}"
                for branch, v in of.items()
            )
            st.markdown(f"All inputs by branch, up or down: {', '.join(shares)}.")


def _pictures(model: iv.Classifier, source: str, rows: list[tuple[str, int, float]]) -> None:
    """What those inputs look for, where it was painted; a click opens their own dashboards."""
    places = {place: Place.parse(place) for place in (f"{source}/{b}:{c}" for b, c, _ in rows)}
    atlas = atlas_of(model)
    tiles = {name: atlas.tile(place) for name, place in places.items() if place}
    small = [
        Small(
            name,
            data_url(tile.webp, "webp"),
            f"What {name} looks for",
            tip=f"Open {name}",
            note=name.partition("/")[2].replace("x", "×"),
        )
        for name, tile in tiles.items()
        if tile is not None
    ]
    if small:
        st.caption("What they look for; a click opens them")
        picture.strip(
            "fed_by", "Strongest inputs", small, "", leading_away(_open), layout="gallery"
        )


def _open(name: str) -> None:
    layer, _, number = name.partition(":")
    choices.choose(address.MODULE, layer.partition("/")[0])
    choices.choose(address.BRANCH, address.ALL_BRANCHES)
    address.open_channel(layer, int(number))


def _named(source: str, branch: str, channel: int) -> str:
    return f"{source} {branch.replace('x', '×')}, channel {channel}".replace("  ", " ")


@messages.errors()
def show_volume(channel: Channel) -> None:
    """Draw a slider that scales the channel, and the answers over its whole range."""
    assert channel.place is not None
    scene = channel.scene
    found = result_of(channels.wiring(scene.model, scene.trace, channel.place))
    shares = found.scaled
    times = st.slider(
        "Times as strong", 0.0, 4.0, 1.0, 0.25, format="%.2f ×", key="volume", bind="query-params"
    )
    row, as_it_is = channels.FACTORS.index(times), channels.FACTORS.index(1.0)
    labels = scene.trace.labels
    first, was = int(shares[row].argmax()), int(shares[as_it_is].argmax())
    change = float(shares[row, scene.target] - shares[as_it_is, scene.target])
    st.html(
        f'<p class="iv-lead">At {times:g} ×, the network says <b>{plain(labels[first])}</b> '
        f"({percent(float(shares[row, first]))})"
        + ("." if first == was else f" instead of {plain(labels[was])}.")
        + f" {plain(labels[scene.target])}: {signed(100 * change)} percentage points.</p>"
    )
    shown = dict.fromkeys([*np.argsort(-shares.max(axis=0), kind="stable")[:_LINES], scene.target])
    figure.chart(
        "volume",
        scale_chart(channels.FACTORS, {labels[c]: shares[:, c] for c in shown}, times),
        "The map of this one channel is multiplied, everything behind its module is run again; "
        "0 is muting it, 1 is the network as it is.",
    )
