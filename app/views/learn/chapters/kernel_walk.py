"""The animation: a kernel walks over a reduced map and makes an output map, number by number."""

from __future__ import annotations

from collections.abc import Mapping

from app.frontend import component
from inception_viz.explain import Walk
from inception_viz.figures import BRANCH_COLOURS, BRANCH_NAMES, DIVERGING, SEQUENTIAL, hex_colour

_STEPS = 64  # colours of a scale, enough for the eye

_walk = component("kernel_walk")


def show(key: str, found: Walk, widths: Mapping[tuple[str, str], int]) -> None:
    """Draw it; ``widths`` of the branches are for the concatenation."""

    def rows(values: object) -> list[list[float]]:
        return [[float(f"{x:.5g}") for x in row] for row in values]  # type: ignore[attr-defined]

    own = {b: n for (m, b), n in widths.items() if m == found.module}
    _walk(
        key=key,
        data={
            "id": f"{found.module} {found.branch} {found.channel} {float(found.total.sum())}",
            "module": found.module,
            "branch": found.branch,
            "kernel": found.kernel,
            "channel": found.channel,
            "channels": found.channels,
            "reduced": found.reduced,
            "reduces": found.reduces,
            "inputs": found.inputs,
            "source": rows(found.source),
            "sourceWeight": found.source_weight,
            "reduceTotal": rows(found.reduce_total),
            "reduceBias": found.reduce_bias,
            "windowMap": rows(found.window_map),
            "weights": rows(found.weights),
            "part": rows(found.part),
            "total": rows(found.total),
            "bias": found.bias,
            "widths": own,
            "colours": BRANCH_COLOURS,
            "names": BRANCH_NAMES,
            "sequential": [hex_colour(i / (_STEPS - 1), SEQUENTIAL) for i in range(_STEPS)],
            "diverging": [hex_colour(i / (_STEPS - 1), DIVERGING) for i in range(_STEPS)],
        },
    )
