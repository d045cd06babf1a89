"""Auxiliary heads: what the network believes on the way."""

from __future__ import annotations

from html import escape

import streamlit as st

import inception_viz as iv
from app.session import explanations
from app.session.scene import Scene, current
from app.widgets import answers, figure, heading, messages, picture
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.architecture import HEAD_NAMES
from inception_viz.explain import HeadBelief, lens_of
from inception_viz.figures import belief_curve, heads_sentence, percent, short_number

_PAPER_NAMES = {"aux1": "softmax0", "aux2": "softmax1", "main": "softmax2"}
_HOW = (
    "Bars: the likeliest classes. Map: yellow where the head finds evidence for the class in "
    "question, each map on its own scale."
)
_READ_OUT = (
    "Dots: the heads. Circles: **fitted read-outs**. A read-out is a linear layer that learned to "
    "repeat the network's answer from a module's averaged channels; point at one to see how often "
    "it gives the same answer on photos that it never saw. It shows what can be read there, not "
    "what the network reads."
)
_NO_LENS = (
    "Between the heads nothing is shown: nobody has fitted read-outs to this network. "
    "`python -m inception_viz fit-lens MODEL PHOTOS` does, on any folder of photos."
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
                    _head(scene, name, after, found.get(name))
            if len(places) == 1:
                with columns[1]:
                    st.info("This network has no auxiliary heads.")
        _belief(scene, list(found.values()))
    st.markdown(_TEXT)


def _head(scene: Scene, head: str, after: str, belief: HeadBelief | None) -> None:
    """Draw ``head``, which reads the module ``after``; no belief if it was never trained."""
    title = HEAD_NAMES[head].capitalize()
    st.html(f'<p class="iv-head">{title}</p>')
    label = f"{_PAPER_NAMES[head]} in the paper, reads {after}"
    if belief is None:
        st.caption(label)
        st.warning(
            "Never trained in these weights. Whatever it said would be noise, so nothing is shown. "
            "`python -m inception_viz fit-heads` can train it on any folder of photos.",
            icon=":material/model_training:",
        )
        return
    st.caption(label + (", **fitted afterwards**" if belief.fit else ""))
    answers.show(scene, scene.trace, head)
    name = escape(scene.model.labels[scene.target])
    agreement = (
        "<br>The answer that counts"
        if head == "main"
        else f"<br>{'Agrees' if belief.agrees else 'Disagrees'} with the main head; "
        f"{percent(belief.overlap)} of its belief is the same"
    )
    st.html(
        f'<p class="iv-note">{name}: {percent(belief.probability)}, place {belief.rank}<br>'
        f"Uncertainty: {belief.entropy:.2f} of at most {belief.highest_entropy:.2f} bits "
        f"(entropy){agreement}</p>"
    )
    target = iv.Target(scene.target, head=head)
    cams = result_of(explanations.cams(scene.model, scene.trace, target))
    values = cams[after]
    top, name = float(values.max()), plain(scene.model.labels[scene.target])
    looks = f"Where it looks for {name}: Grad-CAM at {after}, 0 to {short_number(top)}"
    if top == 0:
        looks = f"No place at {after} speaks for {name} on balance: the Grad-CAM map is flat"
    fitted = ", fitted afterwards" if belief.fit else ""
    alt = f"Grad-CAM of {title}{fitted} at {after}"
    picture.show(picture.over_photo(scene.trace, values), alt, f"{looks}{fitted}")


def _belief(scene: Scene, heads: list[HeadBelief]) -> None:
    """The belief in the class in question, from module to module."""
    readings, missing = [], ""
    try:
        found = lens_of(scene.model)
        if found is None:
            missing = _NO_LENS
        else:
            readings = iv.lens(scene.model, scene.trace, scene.target, using=found)
    except (iv.ExplainError, iv.FileError) as error:
        missing = plain(str(error))
    label = scene.model.labels[scene.target]
    how = _READ_OUT if readings else "Dots: the heads."
    figure.chart("belief", belief_curve(heads, readings, list(scene.trace.modules), label), how)
    if missing:
        st.caption(missing)


show()
