"""Beyond the maps: attributions to pixels, and whether a map can be trusted."""

from __future__ import annotations

import math
from typing import Literal

import streamlit as st

import inception_viz as iv
from app.session import explanations
from app.session.scene import Scene
from app.widgets import choice, figure, picture
from app.widgets.waiting import wait_for
from inception_viz.explain import PIXEL_METHODS, SUSPICIOUS, Cams, PixelMethod
from inception_viz.figures import game_curves, short_number


def pixels(scene: Scene, target: iv.Target, module: str, strength: float) -> None:
    """Draw the choice of a method that goes down to the pixels, and its map."""
    st.subheader("Down to the pixels", anchor=False)
    names: dict[PixelMethod | Literal["none"], str] = {"none": "none"}
    names.update({key: info.title for key, info in PIXEL_METHODS.items()})
    method = choice.show("pixels", "Method", names)
    if method == "none":
        st.caption(
            "A class activation map is as coarse as its module. These methods follow the answer "
            "down to the photo's pixels. They take seconds."
        )
        return
    info = PIXEL_METHODS[method]
    place = module if method == "guided_grad_cam" else ""
    job = explanations.job(
        iv.pixel_map, scene.model, scene.trace, target, method=method, module=place
    )
    found = wait_for("pixel_map", job, f"{info.title} …")
    if found is None:
        return
    photo, words = st.columns([1, 1.4], gap="medium")
    top = found.strong  # a few extreme pixels would leave the others pale
    with photo:
        jpeg = picture.over_photo(
            scene.trace, found.values, maximum=top, signed=True, strength=max(strength, 0.7)
        )
        picture.show(jpeg, f"{info.title} over the photo")
        st.caption(
            f"Red speaks for the output, blue against it, at ±{short_number(top)} and beyond."
        )
    with words:
        st.markdown(f"**{info.title}.** {info.words}")
        if method == "integrated_gradients":
            st.caption(
                f"Its pixels add up to {short_number(found.total)} {target.unit}, which should be "
                "what the photo is worth more than a grey one."
            )


_CHECKS = {"none": "none", "pixels": "deletion and insertion", "weights": "shuffled weights"}
_STAGES = 5  # shown of the stages of shuffling


def checks(scene: Scene, target: iv.Target, cams: Cams, module: str) -> None:
    """Draw the choice of a check of the map, and what it finds."""
    st.subheader(f"Can the map at {module} be trusted?", anchor=False)
    check = choice.show("check", "Check", _CHECKS)
    if check == "pixels":
        _pixels(scene, target, cams, module)
    elif check == "weights":
        _weights(scene, target, cams, module)
    else:
        st.caption(
            "**Deletion and insertion** take the map at its word: remove, or bring in, the pixels "
            "that it calls most important first, and watch the answer. **Shuffled weights** "
            "destroys what the network learned: a map that stays the same says nothing about it."
        )


def _pixels(scene: Scene, target: iv.Target, cams: Cams, module: str) -> None:
    job = explanations.faithfulness(scene.model, scene.trace, target, cams, module)
    found = wait_for("faithfulness", job, "Deleting and inserting pixels …")
    if found is None:
        return
    label = scene.model.labels[target.index]
    deletion, insertion = found.deletion, found.insertion
    left, right = st.columns(2, gap="medium")
    with left:
        figure.chart(
            "deletion",
            game_curves("deletion", deletion, label),
            "What the map calls important is removed first. A small area under the curve is good.",
        )
    with right:
        figure.chart(
            "insertion",
            game_curves("insertion", insertion, label),
            "What the map calls important comes first. A large area under the curve is good.",
        )
    others = ("random", "centre")
    wins = [all(deletion["map"].area < deletion[o].area for o in others)]
    wins.append(all(insertion["map"].area > insertion[o].area for o in others))
    verdict = {
        (True, True): "In both games the map finds what matters better than both rivals.",
        (True, False): "The map wins when pixels are deleted, not when they are inserted.",
        (False, True): "The map wins when pixels are inserted, not when they are deleted.",
        (False, False): "The map beats both rivals in neither game: don't rely on it here.",
    }[wins[0], wins[1]]
    st.markdown(
        f"**{verdict}** The rivals know nothing of the network: random patches (mean of two), and "
        "the middle of the photo first, where photographers put things. Deleted pixels turn grey; "
        "insertion starts from a blurred photo. One photo proves little; the documentation has "
        "the figures for 200. (Petsiuk et al., [arXiv 1806.07421](https://arxiv.org/abs/1806.07421))"
    )


def _weights(scene: Scene, target: iv.Target, cams: Cams, module: str) -> None:
    job = explanations.job(
        iv.sanity_check, scene.model, scene.trace, target, module=module, variant=cams.variant
    )
    found = wait_for("sanity", job, "Shuffling the weights, layer after layer …")
    if found is None:
        return
    count = len(found.stages)
    chosen = sorted({round(i * (count - 1) / (_STAGES - 1)) for i in range(_STAGES)})
    columns = st.columns(_STAGES + 1, gap="small")
    trace = scene.trace
    with columns[0]:
        jpeg = picture.over_photo(trace, cams[module], side=280)
        picture.show(jpeg, "As learned", "as learned")
    for column, stage in zip(columns[1:], (found.stages[i] for i in chosen), strict=False):
        with column:
            words = f"shuffled down to {stage.down_to}"
            likeness = (
                "flat" if math.isnan(stage.correlation) else f"ρ = {stage.correlation:.2f}"
            ).replace("-", "−")
            jpeg = picture.over_photo(trace, stage.values, side=280)
            picture.show(jpeg, words, f"{words}: {likeness}")
    final = found.stages[-1].correlation
    if found.suspicious:
        st.warning(
            f"With every weight shuffled the map is still nearly the same (rank correlation "
            f"{final:.2f}). It shows the photo rather than what the network learned.",
            icon=":material/report:",
        )
    else:
        st.markdown(
            "**The map depends on what the network learned**, as it should: with every weight "
            f"shuffled its rank correlation with the true map is {final:.2f}".replace("-", "−")
            + f"; above {SUSPICIOUS:g} it would be called out. (Adebayo et al., "
            "[arXiv 1810.03292](https://arxiv.org/abs/1810.03292))"
            if not math.isnan(final)
            else "**With every weight shuffled the map is flat**: it depends on what was learned."
        )
