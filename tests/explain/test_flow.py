"""A flow beside Jacobians of autograd's, in double precision; its two sums; what it refuses."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import inception_viz as iv
from inception_viz.architecture import GoogLeNetConfig
from inception_viz.explain import Flow
from inception_viz.network import GoogLeNet
from tests.conftest import sample
from tests.explain.whole_network import (
    blobs,
    branches,
    channels,
    lively,
    muting,
    odd_config,
    precise,
    slopes,
    small_config,
)

MAIN, MARGIN = iv.Target(2), iv.Target(2, against=5)
AUX = iv.Target(1, head="aux2")


def in_double(classifier: iv.Classifier, trace: iv.Trace) -> tuple[iv.Classifier, iv.Trace]:
    """Both in double precision; the network as trained, nothing folded."""
    network = precise(classifier)
    copied = replace(classifier)
    copied.__dict__["inference_network"] = network
    with torch.no_grad(), iv.recording(network) as record:
        logits = network(trace.input.double(), heads=True)
    return copied, replace(
        trace,
        heads={h: z[0] for h, z in logits._asdict().items() if z is not None},
        modules={n: record[n][0] for n in trace.modules},
        branches={n: {b: record[f"{n}/{b}"][0] for b in of} for n, of in trace.branches.items()},
        reduces={n: {} for n in trace.modules},
        stem={n: record[n][0] for n in trace.stem},
    )


def between(network: GoogLeNet, trace: iv.Trace, source: str, module: str) -> Tensor:
    """The Jacobian of a module's output by its source's: (out, h, w, in, h, w)."""
    x = trace.layer(source)[None]

    def onward(x: Tensor) -> Tensor:
        *_, (_, output) = network.walk(x, after=source, upto=module)
        return output[0]

    found: Tensor = torch.autograd.functional.jacobian(onward, x)  # type: ignore[no-untyped-call]
    return found[:, :, :, 0]


def parts(classifier: iv.Classifier, module: str) -> list[slice]:
    return [channels(classifier, module, branch) for branch in branches(classifier, module)]


CONFIGS = {
    "lrn": small_config("lrn"),
    "batch": small_config("batch"),
    "odd": odd_config(),
    "3+3, same padding": small_config("batch", kernel_5x5="3+3", padding="same"),
    "naive": small_config("none", stage4=odd_config().stage4[:2], aux1=None, aux2=None),
    "no projection": small_config(
        "lrn", stage3=tuple(replace(row, f_pp=0) for row in small_config().stage3)
    ),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_edges_are_those_of_direct_jacobians(config: GoogLeNetConfig) -> None:
    classifier = lively(config)
    classifier, trace = in_double(classifier, classifier.trace(blobs(0)))
    network = classifier.inference_network
    found = iv.flow(classifier, trace, MARGIN)
    known = slopes(network, trace.input, lambda heads: MARGIN.of(heads["main"][None])[0])
    last_of_stem, modules = list(trace.stem)[-1], list(trace.modules)
    assert found.steps == ("stem", *modules, "main")
    largest = max(abs(values).max() for values in found.edges.values())
    for source, module in pairwise([last_of_stem, *modules]):
        step = "stem" if source == last_of_stem else source
        jacobian, (_, slope) = between(network, trace, source, module), known[module]
        maps = trace.stem[source] if step == "stem" else trace.modules[source]
        by_channel = torch.einsum("ohwcyx,ohw,cyx->co", jacobian, slope, maps)
        rows = [slice(None)] if step == "stem" else parts(classifier, source)
        expected = [[by_channel[r, c].sum() for c in parts(classifier, module)] for r in rows]
        np.testing.assert_allclose(found.edges[step], expected, rtol=0, atol=1e-8 * largest)
        for row, name in zip(rows, found.names[step], strict=True):
            for column, sink in zip(parts(classifier, module), found.names[module], strict=True):
                table = found.channels(name, sink)
                np.testing.assert_allclose(
                    table, by_channel[row, column], rtol=0, atol=1e-8 * largest
                )
    for module, (output, slope) in known.items():
        worth = (output * slope).sum((1, 2))
        sums = [float(worth[part].sum()) for part in parts(classifier, module)]
        np.testing.assert_allclose(found.branches[module], sums, rtol=0, atol=1e-8 * largest)
        assert found.names[module] == tuple(f"{module}/{b}" for b in branches(classifier, module))
    assert found.relative_gap < 1e-12
    through = found.branches["stem"].sum() + sum(bias.sum() for bias in found.bias.values())
    assert through == pytest.approx(found.value, abs=1e-9)


def test_the_bias_share_is_what_biases_add() -> None:
    """Biases that are a little larger, all gates kept, change the target by their share."""
    classifier = lively(small_config("lrn"))
    classifier, trace = in_double(classifier, classifier.trace(blobs(0)))
    found, step = iv.flow(classifier, trace, MARGIN), 1e-7
    for branch, share in zip(branches(classifier, "4c"), found.bias["4c"], strict=True):
        changed = precise(classifier)
        layers = changed.trunk["4c"].get_submodule(f"branches.{branch}")
        for name, parameter in layers.named_parameters():
            if name.endswith("bias"):
                parameter.data *= 1 + step
        with torch.no_grad():
            value = float(MARGIN.of(changed(trace.input.double()).main))
        assert (value - found.value) / step == pytest.approx(share, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("target", [MAIN, MARGIN, AUX], ids=["logit", "margin", "aux2"])
@pytest.mark.parametrize("name", CONFIGS)
def test_both_sums_hold(name: str, target: iv.Target) -> None:
    if CONFIGS[name].aux2 is None:
        target = replace(target, head="main")
    classifier = lively(CONFIGS[name])
    trace = classifier.trace(blobs(1))
    found = iv.flow(classifier, trace, target)
    assert_sums(found, trace, target)
    slopes = iv.gradients(classifier, trace, target).at
    assert list(slopes) == list(found.steps[1:-1])
    for module, slope in slopes.items():
        expected = [
            float((part * own).sum())
            for part, own in zip(
                trace.split(module, slope).values(), trace.branches[module].values(), strict=True
            )
        ]
        np.testing.assert_allclose(found.branches[module], expected, rtol=1e-3, atol=1e-4)


def assert_sums(found: Flow, trace: iv.Trace, target: iv.Target) -> None:
    """Added up here, not by the result's own checks."""
    largest = max(abs(found.branches[step]).max() for step in found.steps[1:-1])
    assert found.value == pytest.approx(float(target.of(trace.heads[target.head][None])))
    gaps = [0.0]
    for before, step in pairwise(found.steps):
        assert found.edges[before].shape == (len(found.names[before]), len(found.names[step]))
        behind = found.edges[before].sum(axis=1) - found.branches[before]
        in_front = found.edges[before].sum(axis=0) + found.bias[step] - found.branches[step]
        gaps += [*abs(behind), *abs(in_front)]
    assert found.branches[found.steps[-1]] == pytest.approx([found.value])
    assert max(gaps) < 1e-3 * largest
    assert found.gap == pytest.approx(max(gaps))
    assert found.relative_gap == pytest.approx(max(gaps) / largest)


@pytest.mark.parametrize("source", ["imagenette", "bvlc"])
@pytest.mark.parametrize("photo", ["espresso", "goldfish"])
def test_both_sums_hold_for_photos(source: str, photo: str) -> None:
    classifier = iv.load(source)
    trace = classifier.trace(sample(photo))
    first, second = (index for index, _ in trace.top_classes(2))
    for target in (
        iv.Target(first),
        iv.Target(first, against=second),
        iv.Target(first, head="aux2"),
    ):
        found = iv.flow(classifier, trace, target)
        assert_sums(found, trace, target)
        assert found.steps[-1] == target.head


def test_the_torchvision_preset() -> None:
    classifier = iv.load("random", config=iv.GoogLeNetConfig.torchvision(classes=5))
    trace = classifier.trace(sample("cat"))
    assert_sums(iv.flow(classifier, trace, MAIN), trace, MAIN)


@pytest.mark.parametrize("place", ["4c/5x5", "3a/1x1", "5b/pool", "4b"])
def test_nothing_flows_through_what_is_muted(
    small: iv.Classifier, trace: iv.Trace, place: str
) -> None:
    muted = iv.mute(small, trace, [place])
    found = iv.flow(small, muted, MARGIN)
    assert found.muted == {place}
    assert_sums(found, muted, MARGIN)
    module = place.partition("/")[0]
    before = found.steps[found.steps.index(module) - 1]
    for j, name in enumerate(found.names[module]):
        silent = name.startswith(place)
        assert (not found.edges[module][j].any()) == silent
        assert (not found.edges[before][:, j].any()) == silent
        assert (found.bias[module][j] == 0) == silent
        if silent:
            assert not found.channels(found.names[before][0], name).any()
    changes = muting(small, place)
    known = slopes(precise(small), trace.input, lambda h: MARGIN.of(h["main"][None])[0], changes)
    for step in found.steps[1:-1]:
        worth = (known[step][0] * known[step][1]).sum((1, 2))
        expected = [float(worth[part].sum()) for part in parts(small, step)]
        np.testing.assert_allclose(found.branches[step], expected, rtol=1e-3, atol=1e-3)


def test_what_is_exchanged_counts_as_bias(small: iv.Classifier, trace: iv.Trace) -> None:
    mixed = iv.interchange(small, trace, small.trace(blobs(4)), ["4c/3x3"])
    found = iv.flow(small, mixed, MARGIN)
    assert found.exchanged == {"4c/3x3"}
    assert_sums(found, mixed, MARGIN)
    column = found.names["4c"].index("4c/3x3")
    assert not found.edges["4b"][:, column].any()
    assert found.bias["4c"][column] == pytest.approx(found.branches["4c"][column], rel=1e-4)
    assert found.branches["4c"][column]


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        ("stem", "3a/5x5"),
        ("3b/pool", "4a/3x3"),
        ("4c/5x5", "4d/pool"),
        ("4e/1x1", "5a/1x1"),
        ("5b/3x3", "main"),
    ],
)
def test_channels_add_up_to_the_edge(
    imagenette: iv.Classifier, photo: iv.Trace, source: str, sink: str
) -> None:
    found = iv.flow(imagenette, photo)
    table = found.channels(source, sink)
    rows = photo.stem["pool2"].shape[0] if source == "stem" else len(photo.layer(source))
    columns = 1 if sink == "main" else len(photo.layer(sink))
    assert table.shape == (rows, columns)
    assert table.sum() == pytest.approx(found.edge(source, sink), rel=1e-4, abs=1e-5)
    scores = iv.channel_scores(photo, iv.gradients(imagenette, photo), "5b").branches["3x3"]
    if sink == "main":
        np.testing.assert_allclose(table[:, 0], scores, rtol=1e-4, atol=1e-7)


def test_little_memory_gives_the_same_channels(
    small: iv.Classifier, trace: iv.Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iv.flow(small, trace, MARGIN)
    expected = found.channels("4c/3x3", "4d/3x3")
    monkeypatch.setattr("inception_viz.explain.flow.edges.MEMORY", 1)
    np.testing.assert_allclose(found.channels("4c/3x3", "4d/3x3"), expected, atol=1e-6)


def test_an_edge_by_name(lrn: iv.Classifier) -> None:
    found = iv.flow(lrn, lrn.trace(blobs(0)), AUX)
    assert found.steps == ("stem", "3a", "3b", "4a", "4b", "4c", "4d", "aux2")
    assert found.edge("3b/pool", "4a/1x1") == found.edges["3b"][3, 0]
    assert found.edge("stem", "3a/5x5") == found.edges["stem"][0, 2]
    assert found.edge("4d/1x1", "aux2") == found.edges["4d"][0, 0]


@pytest.mark.parametrize(
    ("source", "sink", "words"),
    [
        ("4c/5x5", "5a/1x1", "no neighbours. It flows on to 4d"),
        ("4d/1x1", "4c/1x1", "no neighbours. It flows on to 4e"),
        ("main", "5b/1x1", "It is where the flow ends"),
        ("4c/7x7", "4d/1x1", 'There is no "4c/7x7" in this flow'),
        ("4c", "4d/1x1", 'There is no "4c" in this flow'),
        ("5b/1x1", "aux1", 'There is no "aux1" in this flow'),
    ],
)
def test_edges_that_do_not_exist(lrn: iv.Classifier, source: str, sink: str, words: str) -> None:
    found = iv.flow(lrn, lrn.trace(blobs(0)))
    for ask in (found.edge, found.channels):
        with pytest.raises(iv.ExplainError, match=words):
            ask(source, sink)


def test_what_is_refused(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match="probability is no sum"):
        iv.flow(lrn, trace, iv.Target(1, kind="probability"))
    with pytest.raises(iv.ExplainError, match="no class 99"):
        iv.flow(lrn, trace, 99)
    with pytest.raises(iv.ExplainError, match="another model"):
        iv.flow(batch, trace)


def test_it_is_frozen(lrn: iv.Classifier) -> None:
    found = iv.flow(lrn, lrn.trace(blobs(0)))
    with pytest.raises(FrozenInstanceError):
        found.value = 1.0  # type: ignore[misc]
    tables = [*found.edges.values(), *found.bias.values(), *found.branches.values()]
    for values in (*tables, found.channels("3a/1x1", "3b/1x1")):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1
    with pytest.raises(TypeError):
        found.edges["3a"] = found.edges["3b"]  # type: ignore[index]


def test_saved(lrn: iv.Classifier, tmp_path: Path) -> None:
    import pandas as pd

    found = iv.flow(lrn, lrn.trace(blobs(0)), MARGIN)
    frame = found.to_frame()
    edges = frame[frame.source != "bias"]
    assert len(edges) == 4 + 8 * 16 + 4
    assert len(frame) == len(edges) + 36 + 1
    assert set(frame.unit) == {"logits"}
    row = frame[(frame.source == "4c/5x5") & (frame.sink == "4d/pool")]
    assert row.flow.item() == found.edge("4c/5x5", "4d/pool")
    row = frame[(frame.source == "bias") & (frame.sink == "5a/1x1")]
    assert row.flow.to_list().count(found.bias["5a"][0]) == 1
    found.save(tmp_path / "flow.csv")
    read = pd.read_csv(tmp_path / "flow.csv")
    np.testing.assert_allclose(read.flow, frame.flow, rtol=1e-12)
    found.save(tmp_path / "flow.json")
    plain = json.loads((tmp_path / "flow.json").read_text("utf-8"))
    assert plain["edges"]["4c"] == found.edges["4c"].tolist()
    assert plain["names"]["4c"] == list(found.names["4c"])
    assert plain["target"]["against"] == 5
    with pytest.raises(iv.ExplainError, match=r"must end in \.csv or \.json"):
        found.save(tmp_path / "flow.png")
