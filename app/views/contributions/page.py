"""Contributions: how much each branch matters to an answer."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import address, explanations
from app.session.scene import Scene, current
from app.widgets import branch_map, choice, figure, heading, messages, page_link, target_choice
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz import Target
from inception_viz.architecture import Place
from inception_viz.explain import METHODS, Baseline, ChannelScores, Contributions
from inception_viz.figures import (
    CHANNELS,
    channel_bars,
    check_sentence,
    contribution_bars,
    contribution_sentence,
    paint_contributions,
    short_number,
    signed,
)
from inception_viz.files import csv_text

_BASELINES: dict[Baseline, str] = {"zero": "zeros", "reference": "its usual level"}
_HOW = (
    "Red speaks for the output, blue against it, white is neither. The bar's length "
    "shows how many channels the branch has. **Click a branch** to open it into its channels."
)
_BASELINE_HELP = (
    "What stands in for a branch that is left out: **zeros**, or each channel's mean over the "
    "reference photos, **its usual level**."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Contributions", scene)
    with st.container(horizontal=True, gap="medium"):
        names = {key: method.title for key, method in METHODS.items()}
        method = choice.show("method", "Method", names)
        baselines = dict(_BASELINES)
        if scene.model.weights.reference is None:
            del baselines["reference"]
        baseline = choice.show("left_out", "Left out means", baselines, help=_BASELINE_HELP)
        target = target_choice.output(scene)
    with messages.errors():
        job = explanations.job(
            iv.contributions, scene.model, scene.trace, target, method=method, baseline=baseline
        )
        found = wait_for("scores", job, f"{METHODS[method].title} of every branch …")
        if found is None:
            return
        st.html(f'<p class="iv-lead">{contribution_sentence(found)}</p>')
        opened = address.branch_in(scene.trace)
        _matrix(scene, found, opened)
        if opened is not None:  # right below what was clicked
            with messages.errors():
                _channels(scene, target, found, opened)
        _meaning(found)
    _table(found)


def _matrix(scene: Scene, found: Contributions, opened: Place | None) -> None:
    method = METHODS[found.method]
    painting = replace(paint_contributions(found), widths=scene.trace.widths)
    title = f"{method.title} of every branch: {plain(found.label)}"
    with figure.frame("matrix", title, _HOW, csv=csv_text(found.to_frame())):
        clicked = branch_map.show("matrix", painting, {})
    if clicked is not None and clicked.branch and clicked != opened:
        address.write(address.OPEN, str(clicked))
        st.rerun()


def _meaning(found: Contributions) -> None:
    """Draw the method in words, its check, and bars by module."""
    method = METHODS[found.method]
    words, check = st.columns(2, gap="large")
    with words:
        st.markdown(f"**{method.title}.** {method.words}")
        with st.expander("Formula", icon=":material/function:"):
            st.latex(method.formula)
            st.caption(
                f"z: the output explained, here {plain(found.label)}. a: activations of branch b, "
                "channels c, places i, j. z(none): all branches of the module left out."
            )
    with check:
        st.markdown(f"**Check.** {check_sentence(found)} {method.check}")
        if found.muted:
            st.caption(f"Muted: {', '.join(sorted(found.muted))}.")
    figure.chart(
        "bars",
        contribution_bars(found),
        "A group of bars for each module; above zero the branch speaks for the output.",
    )


def _table(found: Contributions) -> None:
    """Draw all figures, folded away."""
    folded = st.expander(
        "All figures",
        icon=":material/table:",
        key="figures",
        bind="query-params",
        on_change="rerun",
    )
    if not folded.open:  # a table takes as long to draw as a chart, and few open it
        return
    frame = found.to_frame()
    with folded:
        shown = frame.drop(columns=["unit", "method", "baseline", "target"])
        st.dataframe(shown, hide_index=True, width="stretch")
        st.caption(
            f"z(all) = {short_number(found.value)} {found.target.unit}. It took "
            f"{found.cost.seconds:.2g} s: {found.cost.variants} variants of a module's output sent "
            f"through the network after it, {found.cost.backward_passes} backward passes."
        )


def _channels(scene: Scene, target: Target, found: Contributions, place: Place) -> None:
    """Draw the channels of the branch at ``place``, and where to go from there."""
    module, branch = place.module, str(place.branch)
    scores = result_of(explanations.channel_scores(scene.model, scene.trace, target, module))
    total = scores.total(branch)
    figure.chart(
        "channels",
        channel_bars(scores, branch, target.unit),
        "Gradient × activation of each channel; above zero it speaks for the output.",
    )
    last = module == found.modules[-1] and target.head == "main" and target.kind == "logit"
    st.markdown(
        f"Gradient × activation of each channel. {_shares(scores, branch)} All together: "
        f"**{signed(total)} {target.unit}**"
        + (
            ", which is exact here: after the last module the network is a straight line."
            if last
            else f"; {METHODS[found.method].title} gives the branch "
            f"{signed(found.get(module, branch))} {found.unit}. Channel by channel only this "
            "first-order estimate is quick."
        )
    )
    maps, mute, close, _ = st.columns([1.4, 1.4, 1, 4])
    if maps.button("See its maps", icon=":material/grid_view:", width="stretch"):
        page_link.go("branches", page_link.maps_of(place))
    if mute.button("Mute it", icon=":material/volume_off:", width="stretch"):
        page_link.go("switchboard", {address.MUTED: str(place)})
    close.button("Close", on_click=address.write, args=(address.OPEN,), width="stretch")


def _shares(scores: ChannelScores, branch: str) -> str:
    order, values = scores.order(branch), scores.branches[branch]
    shown, rest = order[:CHANNELS], order[CHANNELS:]
    if not len(rest):
        return ""
    return (
        f"The {len(shown)} shown add up to {signed(float(values[shown].sum()))}, the other "
        f"{len(rest)} to {signed(float(values[rest].sum()))}."
    )


show()
