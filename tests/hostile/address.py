"""Addresses of the app: what the pages' own code reads of a link, without a browser."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import inception_viz as iv
from app.session import address, choices, flows, held, lab, lab_draft, lab_history, links, live
from app.sidebar import fit_choice
from app.widgets import messages
from app.widgets.messages import UNLINKED, plain
from inception_viz import mute
from inception_viz.architecture import GoogLeNetConfig, ModuleRow, StemConfig
from inception_viz.pictures import fitting
from tests.hostile.mutation import NUMBERS, TEXTS, bent
from tests.hostile.target import Target, no_sentence

_VALUES = (
    "cat", "4c", "5b", "4c/5x5", "4c/5x5:3", "conv1:2", "conv1", "4c/5x5:0000001",
    "4c/5x5:1000000000",
    "4c/5x5:-1", "4c/5x5:٣", "3a/pool", "4c,5a", "4c/5x5:0000009999,3a", "true",
    "imagenette", "random",
    "4c/5x5>4d/3x3", "4c/5x5:3>4d/3x3:1", "4c/5x5:3>4d/3x3:1@0", "stem>3a/1x1", "5b/1x1>main",
    "all", "stem", "paper", "norm=batch", "4=192.96.208.16.48.64", "3a-3b-x",
    "3a-3b-4a-4b-4c-4d-4e-5a-5b", "0.42-0.38-0.5", "0.5-0.5-1e9", "0-1-0.0500001", "1-1-9",
)  # fmt: skip
_METRICS = {"mean": "Mean activation", "cam": "Grad-CAM"}
_KEYS = (
    address.SAMPLE, address.CHANNEL, address.MODEL, address.TARGET, address.FIT, address.OPEN,
    address.CAM_MODULE,
    address.MUTED, address.ARCHITECTURE, address.ORIGINS, address.LARGE, "run", address.REBUILT,
    address.FLOW, address.EXCHANGED, "metric",
)  # fmt: skip


def targets() -> list[Target]:
    """The address of any page."""
    return [Target("page address", _make, read, ())]


class Address(dict[str, str]):
    """Stands in for ``st.query_params``."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)


def _make(chance: random.Random) -> Address:
    found = Address()
    for key in chance.sample(_KEYS, chance.choice((1, 2, 3, 6))):
        value = chance.choice((*_VALUES, *TEXTS, str(chance.choice(NUMBERS))))
        value = bent(value, chance, _VALUES) if chance.random() < 0.6 else value
        found[key] = value.encode("utf-8", "replace").decode()  # as a server would
    return found


@cache
def scene() -> tuple[iv.Classifier, iv.Trace]:
    row = ModuleRow(4, 3, 6, 2, 4, 3)
    config = GoogLeNetConfig.paper(
        stem=StemConfig(4, 4, 8),
        stage3=(row,) * 2,
        stage4=(row,) * 5,
        stage5=(row,) * 2,
        classes=7,
        input_size=96,
    )
    classifier = iv.load("random", config=config)
    from PIL import Image

    return classifier, classifier.trace(Image.new("RGB", (96, 96), "red"))


@cache
def _flow() -> iv.Flow:
    return iv.flow(*scene())


@contextmanager
def streamlit(query: Address) -> Iterator[list[str]]:
    """The app's modules with an address and a session of their own; what they say is kept."""
    said: list[str] = []
    stand_in: Any = SimpleNamespace(
        query_params=query, session_state={}, toast=lambda text, **_: said.append(text)
    )
    with (
        patch.object(address, "st", stand_in),
        patch.object(flows, "st", stand_in),
        patch.object(held, "st", stand_in),
        patch.object(lab, "st", stand_in),
        patch.object(links, "st", stand_in),
        patch.object(choices, "st", stand_in),
        patch.object(messages, "st", stand_in),
        patch.object(lab_history, "st", stand_in),
        patch.object(live, "st", stand_in),
    ):
        yield said


def read(query: Address, _folder: Path) -> None:
    """Follow the link on all pages at once; what is understood must exist."""
    classifier, trace = scene()
    with streamlit(Address(query)) as said:
        links.follow()
        choices.begin()
        assert choices.take("metric", _METRICS, "mean") in _METRICS
        square = fit_choice.square()
        assert fitting((600, 400), 224, square).fit in (square, "crop")
        assert choices.take(address.FIT, {"pad": "Whole", square: "Choose"}, "pad")
        choices.end()
        assert address.sample({"cat", "dog"}, "cat") in ("cat", "dog")
        channel = address.channel({"conv1": 64, "4c/5x5": 4})
        if channel is not None:
            assert channel.index < {"conv1": 64, "4c/5x5": 4}[channel.layer]
        opened = address.branch_in(trace)
        if opened is not None:
            assert opened.branch in trace.branches[opened.module]
        assert address.module_in(list(trace.branches)) in trace.branches
        muted = address.muted(trace)
        if muted:
            mute(classifier, trace, muted)
        if exchanged := address.exchanged(trace):
            assert iv.interchange(classifier, trace, trace, exchanged).exchanged
        part = flows.opened(_flow(), 8)
        if part is not None:
            assert flows.read(str(part), _flow(), 8) == part
            if part.channels is not None:
                _flow().kernels(*part.ends)
        assert isinstance(address.large(), bool)
        draft = lab_history.current(classifier)
        if problem := lab_history.problem():
            said.append(plain(problem))
        assert lab_draft.meaning(draft).config is not None
        assert {row.origin for row in draft.rows} <= {"", *classifier.config.modules}
        messages.unmet(links.unmet())
        assert address.sample({"cat", "dog"}, "cat") in ("cat", "dog")
    for text in said:
        shown = text.replace(UNLINKED, "")
        assert not no_sentence(shown), no_sentence(shown)
