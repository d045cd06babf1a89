"""What Distill said of branches, and what the bundled networks show by our measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.widgets.messages import plain
from inception_viz.features import FAMILIES, Specialisation
from inception_viz.figures import BRANCH_NAMES

BUNDLED = ("bvlc", "imagenette")
_DISTILL = "Distill 2021, inception5h"
_CLAIMS = {  # what is tested → what Distill found
    ("3a", "colour"): "all 9 channels that tell black and white from colour lie in 5×5.",
    ("3b", "curvature"): "all 30 channels that detect curves lie in 5×5.",
}
_TEXT = """
**Where the claim comes from.** Voss et al.,
[Branch Specialization](https://distill.pub/2020/circuits/branch-specialization/), Distill 2021, on
one network, inception5h. Its channels were labelled by hand, and the pattern was noticed first and
calculated afterwards (9 of 9 in 32 of 256 channels by chance: 2.5·10⁻⁹), without a correction for
what else might have been noticed.

**What differs here.** The pictures are made by code and were fixed before anybody looked at a
channel. Nobody labels anything: every channel that responds counts, with a number. All tests of a
network are corrected together, by Holm. And the networks are others.

**So neither refutes the other.** A test of means over all channels can miss nine special ones among
256. What it says is that branches as a whole differ little, and not in the same way in two
trainings. Put random weights beside a network: what differs there can't come from training.
"""


def show(bundled: Sequence[Specialisation]) -> None:
    """Draw the two claims beside the tests of the same modules and families, and what differs."""
    st.header("Distill's claim, and these networks", anchor=False)
    for (module, family), words in _CLAIMS.items():
        found = {plain(f.tuning.title): _found(f, module, family) for f in bundled}
        _row(f"{FAMILIES[family].title} at {module}", {_DISTILL: words} | found)
    counts = {
        plain(f.tuning.title): f"{sum(t.significant for t in f.tests)} of {len(f.tests)} tests "
        "find a difference."
        for f in bundled
    }
    _row("All modules and families", {_DISTILL: "not tested."} | counts)
    st.markdown(_TEXT)


def _row(title: str, cells: Mapping[str, str]) -> None:
    st.html(f'<p class="iv-head">{title}</p>')
    for column, (name, words) in zip(st.columns(len(cells)), cells.items(), strict=True):
        column.markdown(f"**{name}**: {words}")


def _found(found: Specialisation, module: str, family: str) -> str:
    test = found.test(module, family)
    if test is None:
        return "nothing to test."
    figures = f"(η²\u202f=\u202f{test.eta_squared:.2f}, p\u202f=\u202f{test.p_holm:.2g})"
    if test.significant:
        return f"branches differ {figures}, highest in {BRANCH_NAMES[test.highest]}."
    return f"no difference shown {figures}."
