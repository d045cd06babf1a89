"""Auxiliary heads: what the network believes on the way."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session.scene import current
from app.views.heads import head
from app.widgets import answers, figure, heading, messages
from inception_viz.explain import EarlyReading
from inception_viz.figures import belief_curve, heads_sentence

_HOW = (
    "Bars: the likeliest classes. Map: yellow where the head finds evidence for the class in "
    "question, each map on its own scale."
)
_TEXT = """
**What they are.** Two small classifiers branch off inside GoogLeNet, after 4a (*softmax0* in the
paper) and after 4d (*softmax1*). Each averages its module's maps to 4×4, and has a 1×1
convolution, a hidden layer of 1,024 units and an answer of its own. The main head (*softmax2*)
comes last.

**What they were for.** In training their losses are added to the main one with weight **0.3**
each. Szegedy et al. put them there to bring gradients to the lower layers, to make these features
tell classes apart, and as a regulariser. In use **they are dropped**
([arXiv 1409.4842](https://arxiv.org/abs/1409.4842), section 5). A year later the first author's
group found that they do not help early in training, only near its end, and that the lower one can
be left out; they concluded that the heads act as a **regulariser**
([arXiv 1512.00567](https://arxiv.org/abs/1512.00567), section 4).

**Why look at them.** They say what the network can tell already halfway through.
"""


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Auxiliary heads", scene)
    with messages.errors():
        found = {b.head: b for b in iv.beliefs(scene.model, scene.trace, scene.target)}
        st.html(f'<p class="iv-lead">{heads_sentence(list(found.values()), scene.trace)}</p>')
        places = {name: config.after for name, config in scene.model.config.heads.items()}
        places["main"] = list(scene.trace.modules)[-1]
        title = "What each head believes, and where it looks"
        with figure.frame("heads", title, _HOW, csv=answers.csv(scene, list(places))):
            columns = st.columns(max(len(places), 2), gap="medium")
            for column, (name, after) in zip(columns, places.items(), strict=False):
                with column:
                    head.show(scene, name, after, found.get(name))
            if len(places) == 1:
                with columns[1]:
                    st.info("This network has no auxiliary heads.")
        readings = iv.logit_lens(scene.model, scene.trace, scene.target)
        label = scene.model.labels[scene.target]
        figure.chart(
            "belief",
            belief_curve(list(found.values()), readings, label),
            "Dots: the heads. Diamonds, if any: the main classifier read early.",
        )
        st.caption(_lens(readings))
    st.markdown(_TEXT)


def _lens(readings: list[EarlyReading]) -> str:
    needed = readings[0].needed
    fits = [r.module for r in readings[:-1] if r.probability is not None]
    text = (
        f"**Logit lens**: the main classifier read after an earlier module. It has one weight for "
        f"each of {needed:,} channels, "
    )
    if not fits:
        widths = ", ".join(f"{r.module} {r.channels}" for r in readings[:-1])
        return text + (
            f"and no module but the last puts out as many ({widths}), so it can't be read anywhere "
            "else. The auxiliary heads are what this network has instead."
        )
    return text + (
        f"so it can be put after {', '.join(fits)} (diamonds). Nothing taught those modules to "
        "give their channels the same meaning: read it with care."
    )


show()
