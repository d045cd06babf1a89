"""Flows as drawings: what is drawn is what flows, and nothing foreign gets in as markup."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import inception_viz as iv
from inception_viz.figures import (
    Ends,
    channel_diagram,
    channel_nodes,
    flow_diagram,
    flow_sentence,
    head_answers,
    kernel_tile,
)
from tests.conftest import noise_photo, sample, tiny_config

SVG = "{http://www.w3.org/2000/svg}"
LAYOUTS = ("wide", "tall", "small")
HOSTILE = '<script>alert("1")</script> & "co"'


@pytest.fixture(scope="module")
def model() -> iv.Classifier:
    return iv.load("bvlc")


@pytest.fixture(scope="module")
def flow(model: iv.Classifier) -> iv.Flow:
    return iv.flow(model, model.trace(sample("espresso")))


def ends(answer: str = "espresso", alt: str = "a cup") -> Ends:
    return Ends("data:image/jpeg;base64,AA==", alt, answer, {})


def ribbons(svg: str) -> dict[tuple[str, str], str]:
    """(source, sink) → its words."""
    paths = ET.fromstring(svg).iter(f"{SVG}path")
    return {
        (p.get("data-from", ""), p.get("data-to", "")): p.get("data-words", "")
        for p in paths
        if p.get("data-to")
    }


def number_in(words: str) -> float:
    """Of "4c, 5×5 → 4d, 3×3: −0.4 logits"."""
    return float(words.rsplit(": ")[1].split()[0].replace("−", "-"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_ribbons_are_all_edges_with_their_values(flow: iv.Flow, layout: str) -> None:
    drawn = ribbons(flow_diagram(flow, ends(), layout, everything=True))  # type: ignore[arg-type]
    edges = {
        (source, sink): flow.edge(source, sink)
        for step, after in flow.pairs
        for source in flow.names[step]
        for sink in flow.names[after]
    }
    inner = {ends: words for ends, words in drawn.items() if ends[0]}
    assert inner.keys() == {pair for pair, value in edges.items() if value}
    for pair, words in inner.items():
        assert number_in(words) == pytest.approx(edges[pair], rel=0.01, abs=1e-3)


def test_what_is_gathered_is_the_smallest_and_adds_up(flow: iv.Flow) -> None:
    svg = flow_diagram(flow, ends())
    drawn = ribbons(svg)
    for step, after in flow.pairs:
        pairs = [(a, b) for a in flow.names[step] for b in flow.names[after]]
        shown = [abs(flow.edge(*pair)) for pair in pairs if pair in drawn]
        hidden = [flow.edge(*pair) for pair in pairs if pair not in drawn and flow.edge(*pair)]
        assert 1 <= len(shown) <= 8
        assert not hidden or 1 not in (len(flow.names[step]), len(flow.names[after]))
        assert not hidden or max(map(abs, hidden)) <= min(shown)
        if hidden:
            words = re.findall(rf"Not drawn: {len(hidden)} thinner ribbons, together ([^ ]+)", svg)
            sums = [float(word.replace("−", "-")) for word in words]
            assert any(s == pytest.approx(sum(hidden), rel=0.01, abs=1e-3) for s in sums)


def test_a_ribbon_is_as_wide_as_what_flows(flow: iv.Flow) -> None:
    svg = ET.fromstring(flow_diagram(flow, ends(), "wide", everything=True))
    per_logit = []
    for path in svg.iter(f"{SVG}path"):
        source, sink = path.get("data-from"), path.get("data-to")
        if not source or not sink or abs(flow.edge(source, sink)) < 1:
            continue
        numbers = [float(n) for n in re.findall(r"-?\d+\.\d", path.get("d", ""))]
        per_logit.append((numbers[9] - numbers[7]) / abs(flow.edge(source, sink)))
    assert len(per_logit) > 5
    assert np.ptp(per_logit) < 0.1 * np.mean(per_logit)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_foreign_words_stay_words(flow: iv.Flow, layout: str) -> None:
    hostile = replace(flow, label=f"logit of {HOSTILE}")
    svg = flow_diagram(hostile, ends(HOSTILE, HOSTILE), layout)  # type: ignore[arg-type]
    assert "<script" not in svg
    ET.fromstring(svg)
    assert "<script" not in flow_sentence(hostile)


def test_the_sentence_adds_up(flow: iv.Flow) -> None:
    said = re.sub(r"<[^>]*>", "", flow_sentence(flow)).replace("−", "-")
    numbers = re.search(r"is (\S+): (\S+) comes all the way .*?, (\S+) from biases", said)
    assert numbers
    value, stem, biases = map(float, numbers.groups())
    assert stem + biases == pytest.approx(value, abs=0.011)
    most = max(float(e.max()) for s, e in flow.edges.items() if s not in ("stem", "5b"))
    assert f"{most:+.3g}" in said


def test_heads_stand_where_they_attach_and_letters_grow(
    model: iv.Classifier, flow: iv.Flow
) -> None:
    heads = head_answers(model, model.trace(sample("espresso")))
    said = replace(ends(), heads=heads)
    for layout in ("wide", "tall"):
        svg = flow_diagram(flow, said, layout)
        assert "aux1" in svg and "aux2" in svg
        large = flow_diagram(flow, said, layout, large=True)
        sizes = [
            max(float(n) for n in re.findall(r'font-size="([\d.]+)"', s)) for s in (svg, large)
        ]
        assert sizes[1] == pytest.approx(1.25 * sizes[0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_network_can_be_drawn(layout: str) -> None:
    row = tiny_config().stage3[0]
    short = replace(row, f_5x5_r=0, f_5x5=0)
    for config in (
        tiny_config(stage3=(row,), stage4=(short,), stage5=(row,), aux1=None, aux2=None),
        tiny_config(stage3=(row,) * 5, stage4=(row,) * 5, stage5=(short,) * 6),
    ):
        classifier = iv.load("random", config=config)
        found = iv.flow(classifier, classifier.trace(noise_photo(0)))
        svg = ET.fromstring(flow_diagram(found, ends(), layout))  # type: ignore[arg-type]
        nodes = [g.get("data-node") for g in svg.iter(f"{SVG}g") if g.get("data-node")]
        assert nodes == [name for names in found.names.values() for name in names]


def test_channels_that_are_drawn_are_those_through_which_most_passes(flow: iv.Flow) -> None:
    table = flow.channels("5a/1x1", "5b/3x3")
    svg = channel_diagram(table, "5a/1x1", "5b/3x3", {"5a/1x1:0": "data:,"})
    passing = np.abs(table).sum(1)
    names = channel_nodes(table, "5a/1x1", "5b/3x3")
    left = {int(name.rpartition(":")[2]) for name in names if name.startswith("5a")}
    assert left == set(np.argsort(-passing)[:6].tolist())
    words = [g.get("data-words") or "" for g in ET.fromstring(svg).iter(f"{SVG}g")]
    assert any(w.startswith("the other 250 channels of 5a") for w in words)
    own = [w for w in words if w.startswith("5a, 1×1, channel")]
    sums = sorted((float(table[channel].sum()) for channel in left), reverse=True)
    assert list(map(number_in, own)) == pytest.approx(sums, rel=0.01)
    whole = sum(map(number_in, ribbons(svg).values()))
    assert whole == pytest.approx(flow.edge("5a/1x1", "5b/3x3"), abs=0.05)


def test_channels_of_the_head_and_of_the_stem(flow: iv.Flow) -> None:
    for source, sink in (("stem", "3a/1x1"), ("5b/1x1", "main")):
        svg = channel_diagram(flow.channels(source, sink), source, sink)
        nodes = [g.get("data-node") for g in ET.fromstring(svg).iter(f"{SVG}g")]
        assert len([n for n in nodes if n]) >= 8
    assert not [p for p in ET.fromstring(svg).iter(f"{SVG}path") if p.get("data-go")]


def test_a_silent_pair_is_drawn_all_the_same() -> None:
    svg = channel_diagram(np.zeros((3, 4)), "3a/1x1", "3b/1x1")
    ET.fromstring(svg)
    assert channel_nodes(np.zeros((3, 4)), "3a/1x1", "3b/1x1") == []


def test_a_kernel_is_red_above_zero_and_blue_below() -> None:
    kernel = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, -1.0]])
    cells = np.asarray(Image.open(io.BytesIO(kernel_tile(kernel, 1.0))).convert("RGB")).astype(int)
    assert cells.shape == (60, 60, 3)
    first, last, middle = cells[5, 5], cells[-5, -5], cells[30, 30]
    assert first[0] > first[2] + 50 and last[2] > last[0] + 50
    assert middle.min() > 240
    assert kernel_tile(np.zeros((1, 1)), 0.0)
