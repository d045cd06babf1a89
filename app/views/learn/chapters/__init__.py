"""The lesson: one file a chapter. A new chapter is one file here and one line in the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.session.scene import Scene
from app.views.learn.chapters import (
    channels,
    exchange,
    flow,
    heads,
    looking,
    module,
    muting,
    nine,
    parallel,
    pooling,
    reduction,
)


class Chapter(NamedTuple):
    """A chapter: its name in the address, its title, what draws it, where its facts come from."""

    name: str
    title: str
    show: Callable[[Scene], None]
    source: str


_PAPER = "[Szegedy et al., Going Deeper with Convolutions](https://arxiv.org/abs/1409.4842)"

CHAPTERS = (
    Chapter("parallel", "Parallel branches", parallel.show, f"{_PAPER}, section 4"),
    Chapter("module", "One module", module.show, f"{_PAPER}, figure 2b"),
    Chapter(
        "reduction",
        "Reduction",
        reduction.show,
        f"{_PAPER}, sections 3 and 4; the 1×1 convolution comes from "
        "[Lin et al., Network in Network](https://arxiv.org/abs/1312.4400)",
    ),
    Chapter("nine", "Nine modules", nine.show, f"{_PAPER}, table 1 and section 5"),
    Chapter("pooling", "Pooling", pooling.show, f"{_PAPER}, section 5"),
    Chapter(
        "heads",
        "Auxiliary heads",
        heads.show,
        f"{_PAPER}, section 5; a later view: "
        "[Rethinking the Inception Architecture](https://arxiv.org/abs/1512.00567), section 4",
    ),
    Chapter(
        "looking",
        "Where it looks",
        looking.show,
        "[Selvaraju et al., Grad-CAM](https://arxiv.org/abs/1610.02391), section 3",
    ),
    Chapter("muting", "Mute a branch", muting.show, "The network in front of you"),
    Chapter(
        "channels",
        "What channels look for",
        channels.show,
        "[Olah et al., Feature Visualization](https://distill.pub/2017/feature-visualization), and "
        "[Borowski et al.](https://arxiv.org/abs/2010.12606) for the question of the two photos",
    ),
    Chapter(
        "flow",
        "Follow the answer",
        flow.show,
        "[Shrikumar et al., Not Just a Black Box](https://arxiv.org/abs/1605.01713) for gradient × "
        "activation; [Voss et al., Visualizing Weights]"
        "(https://distill.pub/2020/circuits/visualizing-weights) for following it back",
    ),
    Chapter(
        "exchange",
        "Exchange a branch",
        exchange.show,
        "[Geiger et al., Causal Abstractions](https://arxiv.org/abs/2106.02997)",
    ),
)
