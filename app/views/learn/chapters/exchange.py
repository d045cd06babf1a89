"""Give this photo what a branch saw in another one; predict what the network says."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import explanations, photos, traces
from app.session.scene import Scene
from app.views.learn.chapters import gap
from app.views.learn.chapters.question import ask, highest
from app.widgets import choice, messages, page_link, picture
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.figures import BRANCH_NAMES, percent, signed


def show(scene: Scene) -> None:
    """Draw the chapter."""
    st.markdown(
        "Muting asks what is missing without a branch. A sharper question: what does the branch "
        "**say**? Let the network see another photo, take what one branch put out there, and put "
        "it into this photo's pass. Everything behind runs again. If the answer becomes the other "
        "photo's, that branch carried it."
    )
    with st.container(horizontal=True, gap="medium"):
        names = {
            name: sample.title
            for name, sample in photos.samples().items()
            if photos.sample_picture(name).sha256 != scene.trace.picture.sha256
        }
        chosen = choice.select("exchange_with", "The other photo", names, width=220)
        modules = list(scene.trace.modules)
        default = modules[-3] if len(modules) > 2 else modules[0]
        module = choice.select(
            "exchange_module", "In module", {m: m for m in modules}, default=default, width=140
        )
    with messages.errors():
        other = result_of(
            traces.trace(scene.model, photos.sample_picture(chosen), scene.trace.fitting.fit)
        )
        _sides(scene, other, photos.samples()[chosen].alt)
        if other.top_classes(1)[0][0] == scene.trace.top_classes(1)[0][0]:
            st.info("Both photos have the same answer. Choose another one.")
            return
        about = (module, chosen)
        if _one_branch(scene, other, about) and _whole_module(scene, other, about):
            noted = f"{photos.samples()[chosen].title} in {module} exchanged"
            gap.explain(f"exchange_{chosen}_{module}", scene, noted)
    view = {"with_photo": chosen, "view": "exchange"}
    page_link.show("compare", "Exchange any branches on Compare, and find the fewest", view)


def _sides(scene: Scene, other: iv.Trace, alt: str) -> None:
    columns = st.columns([1, 2, 1, 2], vertical_alignment="center")
    for place, (trace, words) in enumerate(((scene.trace, scene.alt), (other, alt))):
        label, probability = trace.predictions(1)[0]
        with columns[2 * place]:
            picture.framed_photo(trace, words)
        with columns[2 * place + 1]:
            st.markdown(f"**{plain(label)}** ({percent(probability)})")


def _one_branch(scene: Scene, other: iv.Trace, about: tuple[str, str]) -> bool:
    module = about[0]
    branches = {f"{module}/{b}": BRANCH_NAMES[b] for b in scene.trace.branches[module]}
    first, wanted = scene.trace.top_classes(1)[0][0], other.top_classes(1)[0][0]
    labels = [plain(scene.trace.labels[index]) for index in (first, wanted)]

    def answer() -> tuple[list[str], str]:
        margins = {}
        for place in branches:
            now = result_of(explanations.exchanged(scene.model, scene.trace, other, [place]))
            margins[place] = float(now.logits[wanted] - now.logits[first])
        parts = ", ".join(f"{branches[p]} {signed(m)}" for p, m in margins.items())
        before = float(scene.trace.logits[wanted] - scene.trace.logits[first])
        return highest(margins, signed), (
            f"Logit of {labels[1]} minus that of {labels[0]}: {signed(before)} before; with the "
            f"branch of the other photo: {parts}. Above 0, {labels[1]} is ahead."
        )

    return ask(
        "guess_exchange",
        scene,
        f"Which branch of {module}, taken from the other photo, moves {labels[0]} furthest towards "
        f"{labels[1]}?",
        branches,
        answer,
        counts_as="exchange",
        about=about,
    )


def _whole_module(scene: Scene, other: iv.Trace, about: tuple[str, str]) -> bool:
    module = about[0]
    names = {"own": scene.trace.predictions(1)[0][0], "other": other.predictions(1)[0][0]}

    def answer() -> tuple[list[str], str]:
        now = result_of(explanations.exchanged(scene.model, scene.trace, other, [module]))
        label, probability = now.predictions(1)[0]
        return ["other"], (
            f"It says {plain(label)} ({percent(probability)}), exactly as for the other photo: all "
            f"that the network knows of a photo passes through {module}. Nothing goes around it."
        )

    return ask(
        "guess_whole_exchange",
        scene,
        f"And with all branches of {module} from the other photo at once: what does it say?",
        names | {"else": "something in between"},
        answer,
        counts_as="whole_exchange",
        about=about,
    )
