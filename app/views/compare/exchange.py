"""A branch of one photo put into the other: what the network answers then, and which carry it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import inception_viz as iv
from app.session import address, explanations, traces
from app.views.compare.side_by_side import Pair
from app.widgets import answers, choice, figure, picture, place_choice
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture import HEAD_NAMES
from inception_viz.explain import CarryingSet
from inception_viz.figures import (
    exchange_sentence,
    grid_csv,
    named,
    network_map,
    paint_firing,
    percent,
    short_number,
    signed,
)

_HOW = (
    "**Drag a branch of the right map onto the left one**, or click it: the left photo then gets "
    "what that branch puts out for the right photo, and everything after it runs again. Click it "
    "again to take it back. Orange frames: what was taken (dashed) and where it is now (solid)."
)
_MAPS_HOW = "Both maps are on one scale: yellow is the strongest evidence in either of them."


def show(pair: Pair, controls: DeltaGenerator) -> None:
    """Draw both networks, and what all heads answer."""
    first, second = pair.sides
    model = first.model
    heads = {name: name for name in ("main", *reversed(model.config.heads))}
    with controls:
        head = choice.show("asked_head", "Head", {h: h for h in heads if h in first.trace.heads})
    places = address.exchanged(first.trace)
    job = explanations.exchanged(model, first.trace, second.trace, places)
    now = wait_for("exchanging", job, "Running the rest of the network …")
    if now is None:
        return
    sentence = exchange_sentence(first.trace, now, second.trace, head)
    st.html(f'<p class="iv-lead iv-changing">{sentence}</p>')
    _maps(pair, now, places)
    _buttons(pair, places)
    with figure.frame("exchanged_answers", "What all heads say now", "", csv=_csv(pair, now)):
        for column, name in zip(st.columns(len(now.heads)), now.heads, strict=True):
            with column:
                answers.show(first, now, name, title=HEAD_NAMES[name].capitalize())
                st.caption(
                    f"Before: {_said(first.trace, name)}. Other: {_said(second.trace, name)}."
                )
    _where(pair, now, head)
    _carrying(pair, head)


def _said(trace: iv.Trace, head: str) -> str:
    label, probability = trace.predictions(1, head)[0]
    return f"{plain(label)} ({percent(probability)})"


def _csv(pair: Pair, now: iv.Trace) -> str:
    return answers.csv(replace(pair.first, trace=now), list(now.heads))


def _maps(pair: Pair, now: iv.Trace, places: frozenset[str]) -> None:
    """Both networks; the left one as it is with the exchanged branches."""
    drawn = {}
    for side, trace in (("a", now), ("b", pair.second.trace)):
        fired = traces.firing(trace, pair.first.model)
        painting = replace(paint_firing(fired, "energy_share"), widths=trace.widths)
        drawn[side] = network_map(painting, {}, "tall", large=address.large())
    first, second = pair.names
    of = "share of the module's activity"
    names = {"a": f"{first}, changed: {of}" if places else f"{first}: {of}", "b": f"{second}: {of}"}
    with figure.frame("exchange", "Put a branch of one photo into the other", _HOW):
        place_choice.show(
            "exchange_map", "exchange_map", places, address.exchange, maps=drawn, names=names
        )


def _buttons(pair: Pair, places: frozenset[str]) -> None:
    everything = {f"{module}/{branch}" for module, branch in pair.first.trace.widths}
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Exchange all",
            on_click=address.exchange,
            args=(everything,),
            disabled=everything <= places,
        )
        st.button("Take all back", on_click=address.exchange, args=((),), disabled=not places)


def _where(pair: Pair, now: iv.Trace, head: str) -> None:
    """Grad-CAM of either photo's answer, before and after."""
    first, second = pair.sides
    wanted = {
        side: int(trace.heads[head].argmax())
        for side, trace in (("a", first.trace), ("b", second.trace))
    }
    labels = first.trace.labels
    names = {side: labels[index] for side, index in wanted.items()}
    if wanted["a"] == wanted["b"]:
        del names["b"]
    side = choice.show("map_of", "Where it looks for", names)
    target = iv.Target(wanted[side], head=head)
    found = [
        result_of(explanations.cams(first.model, trace, target)) for trace in (first.trace, now)
    ]
    module = list(found[0])[-1]
    top = max(float(cams[module].max()) for cams in found)
    grids = [
        replace(first.cam_grid(cams, module), model=f"{first.model.title}, {name}")
        for cams, name in zip(found, ("before", "after"), strict=True)
    ]
    title = f"Grad-CAM at {module}: {plain(labels[target.index])}"
    with figure.frame("exchanged_cams", title, _MAPS_HOW, csv=grid_csv(grids)):
        columns = st.columns([1, 1, 1])
        for column, cams, words in zip(columns, found, ("Before", "After"), strict=False):
            with column:
                jpeg = picture.over_photo(first.trace, cams[module], maximum=top)
                picture.show(jpeg, f"{title}, {words}", f"{words}, 0 to {short_number(top)}")


def _carrying(pair: Pair, head: str) -> None:
    """A small set of branches that carries the other photo's answer over."""
    first, second = pair.sides
    st.subheader("Which branches carry the other answer over?", anchor=False)
    wanted = st.toggle(
        "Look for a small set",
        key="carrying",
        bind="query-params",
        help="Branch by branch, the one that brings the other photo's answer nearest is exchanged, "
        "until the answer is that; then what isn't needed any more is taken back.",
    )
    if not wanted:
        return
    job = explanations.carrying_set(first.model, first.trace, second.trace, head)
    found = wait_for("carrying_set", job, "Exchanging branch after branch …")
    if found is None:
        return
    if not found.places:
        st.info("Both photos have the same answer already: nothing needs to be carried over.")
        return
    _set(found, first.trace.labels[found.first_b])


def _set(found: CarryingSet, answer: str) -> None:
    import pandas as pd

    names = ", ".join(named(place).replace(",", "") for place in found.places)
    check = (
        "Checked: with all of them the answer changes, and without any single one it doesn't."
        if found.minimal
        else "Not minimal: one of them could be spared."
    )
    st.markdown(
        f"**{len(found.places)} of the branches carry {plain(answer)} over: {names}.** {check} "
        "A smaller set of other branches may exist."
    )
    rows = [
        {
            "branch": named(step.place),
            "margin of the other answer (logits)": signed(step.margin),
            "kept": "yes" if step.kept else "no longer needed",
        }
        for step in found.steps
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="content")
    st.button(
        "Exchange these",
        icon=":material/swap_horiz:",
        on_click=address.exchange,
        args=(found.places,),
    )
