"""Learn: a lesson in short chapters, on the network and the photo at the side."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.session import choices
from app.session.scene import current
from app.views.learn.chapters import CHAPTERS
from app.widgets import choice, heading, page_link

_CHAPTER = "chapter"
_WORDS = {
    "filter, kernel": "A small table of weights that walks over its input; at every place it "
    "multiplies what it covers with its weights and adds everything up.",
    "map, channel": "What one filter puts out at all places, as a picture. A layer has as many "
    "channels as filters.",
    "activation": "One number of a map, after ReLU, which makes negative numbers 0. A branch "
    "*fires* where its activations are high.",
    "unit": "One place of one map.",
    "stem": "The first convolutions and pools, before the first module.",
    "module, branch": "An inception module looks at its input in four ways side by side: through "
    "1×1, 3×3 and 5×5 filters, and through a pool. 4c is the third module of the fourth stage.",
    "pool": "Keeps the strongest of some neighbouring numbers (max pool), or their average.",
    "auxiliary head (aux)": "A small classifier that branches off halfway.",
    "logit": "The score that the network gives a class, before softmax turns all scores into "
    "probabilities that add up to 100 %. A class whose logit is 1 higher than another's is about "
    "2.7 times as likely.",
    "σ": "Standard deviation, the usual distance from the mean. 2σ above usual is rare: about one "
    "photo in forty.",
    "energy": "All squared activations, added up.",
    "contribution, Shapley value": "How much a branch adds to a logit, averaged over all orders "
    "in which the branches of a module could join in.",
    "bias": "A number that a layer adds to each of its maps, whatever it sees.",
    "flow": "How much of an answer passes from one branch to a branch of the next module.",
    "concept": "A direction in a module's activations that tells photos with something from photos "
    "without it.",
    "loss": "A measure of the network's mistakes. Training makes it smaller.",
    "gradient": "How much one number rises when another rises a little: the slope.",
    "Grad-CAM": "A map of the places that speak for a class: a module's maps, each weighted by how "
    "much the logit would rise with it.",
    "to mute": "To put zeros in place of what a branch or a channel says.",
    "MAC": "One multiplication with its addition; the measure of what a network costs.",
}


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Learn", scene)
    names = {chapter.name: f"{n} {chapter.title}" for n, chapter in enumerate(CHAPTERS, 1)}
    chosen = choice.show(_CHAPTER, "Chapter", names)
    place = list(names).index(chosen)
    chapter = CHAPTERS[place]
    st.header(names[chosen].replace(" ", ". ", 1), anchor=False)
    chapter.show(scene)
    st.caption(f"Sources: {chapter.source}.")
    with st.expander("Words", icon=":material/menu_book:"):
        st.markdown("\n".join(f"- **{word}**: {meaning}" for word, meaning in _WORDS.items()))
    before, after, _ = st.columns([1, 1, 3])
    go, order = partial(choices.choose, _CHAPTER), list(names)
    if place > 0:
        before.button("Previous", on_click=go, args=(order[place - 1],), width="stretch")
    if place < len(CHAPTERS) - 1:
        after.button("Next", on_click=go, args=(order[place + 1],), type="primary", width="stretch")
    elif after.button("Explore on your own", type="primary", width="stretch"):
        page_link.go("explore")


show()
