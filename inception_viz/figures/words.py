"""Sentences made from numbers: true because nothing else goes into them."""

from __future__ import annotations

from inception_viz.explain.firing import Firing
from inception_viz.figures.answers import percent
from inception_viz.figures.colours import BRANCH_NAMES


def firing_sentence(firing: Firing) -> str:
    """What is most remarkable about how this picture makes the branches fire."""
    unusual = firing.most_unusual()
    if unusual is not None and unusual.deviation is not None and firing.reference is not None:
        way = "above" if unusual.deviation > 0 else "below"
        return (
            f"The {BRANCH_NAMES[unusual.branch]} branch of {unusual.module} fires "
            f"{abs(unusual.deviation):.1f}σ {way} usual (mean activation {unusual.mean:.3g}; "
            f"usual: {firing.reference.mean[unusual.module][unusual.branch]:.3g}, over "
            f"{firing.reference.photos:,} photos of {firing.reference.data})."
        )
    strongest = firing.strongest()
    return (
        f"In {strongest.module}, the {BRANCH_NAMES[strongest.branch]} branch holds "
        f"{percent(strongest.energy_share)} of the module's energy (Σ activation²), the largest "
        "share of any module."
    )


def figure(value: float) -> str:
    """A number with three significant digits and a proper minus sign; "–" for none."""
    if value != value:
        return "–"
    return f"{value:.3g}".replace("-", "−")


def signed(value: float) -> str:
    """The same with its sign, "+2.1", "−0.4"; "0" for what rounds to nothing."""
    text = f"{value:+.3g}".replace("-", "−") if value == value else "–"
    return "0" if text in ("+0", "−0") else text
