"""What the map can be coloured by."""

from __future__ import annotations

from typing import NamedTuple

_WIDTHS = " The bar below shows how many channels a branch has."


class Look(NamedTuple):
    """What the map can be coloured by: its name, a title, how to read it, where a click leads."""

    name: str
    title: str
    how: str
    leads: str


LOOKS = {
    "deviation": Look(
        "Unusual firing",
        "Which branches fire more or less than usual",
        "σ: standard deviations of the branch's mean activation above (red) or below (blue) its "
        "usual level over {photos:,} photos of {data}; white is usual." + _WIDTHS + " **Click a "
        "branch** to see its channels.",
        "channels",
    ),
    "energy_share": Look(
        "Share of the module",
        "How the branches of a module share its activity",
        "Part of the module's energy, the sum of all squared activations; the four of a module add "
        "up to 100 %." + _WIDTHS + " **Click a branch** to see its channels.",
        "channels",
    ),
    "mean": Look(
        "Mean activation",
        "How strongly each branch fires",
        "Activation after ReLU, averaged over all units (no unit; later modules differ in scale "
        "from earlier ones). Brighter is more." + _WIDTHS + " **Click a branch** to see its "
        "channels.",
        "channels",
    ),
    "contribution": Look(
        "Contribution",
        "What each branch contributes to {label}",
        "Shapley value in logits: red speaks for the class, blue against it; the four of a module "
        "add up to what the module is worth." + _WIDTHS + " **Click a branch** to open it.",
        "contribution",
    ),
    "cam": Look(
        "Grad-CAM",
        "Which branches hold the evidence for {label}",
        "The positive part of each branch's Grad-CAM map, as a share of its module's."
        + _WIDTHS
        + " **Click a branch** to see where its module looks.",
        "cam",
    ),
}
