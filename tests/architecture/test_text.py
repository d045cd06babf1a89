from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import inception_viz as iv
from inception_viz.architecture import (
    MAX_TEXT,
    AuxHeadConfig,
    GoogLeNetConfig,
    LrnConfig,
    ModuleRow,
    StemConfig,
    cost,
    decode,
    encode,
    steps,
)
from inception_viz.network import GoogLeNet
from inception_viz.trace import run

counts = st.integers(1, 6)
maybe = st.integers(0, 6)
NORMS = [LrnConfig(), LrnConfig(11, 11e-4, 0.5, 2.0), LrnConfig(3, 1e-5, 1.0, 0.1)]


@st.composite
def rows(draw: st.DrawFn) -> ModuleRow:
    f_3x3, f_5x5 = draw(maybe), draw(maybe)
    return ModuleRow(
        draw(counts),
        draw(maybe) if f_3x3 else 0,
        f_3x3,
        draw(maybe) if f_5x5 else 0,
        f_5x5,
        draw(st.one_of(st.none(), maybe)),
    )


@st.composite
def configs(draw: st.DrawFn) -> GoogLeNetConfig:
    """Any small network that can be built."""
    stage = st.lists(rows(), min_size=1, max_size=3).map(tuple)
    stages = [draw(stage) for _ in range(3)]
    names = [
        f"{n}{letter}" for n, s in zip("345", stages, strict=True) for letter in "abc"[: len(s)]
    ]
    places = sorted(draw(st.sets(st.sampled_from(names), max_size=2)))
    heads = [AuxHeadConfig(place, draw(counts), draw(counts), 0.7, "4x4") for place in places]
    first, second = (*heads, None, None)[:2]
    return GoogLeNetConfig(
        StemConfig(draw(counts), draw(counts), draw(counts)),
        stage3=stages[0],
        stage4=stages[1],
        stage5=stages[2],
        kernel_5x5=draw(st.sampled_from(["5", "3", "3+3"])),
        norm=draw(st.sampled_from(["none", "lrn", "batch"])),
        classes=draw(st.integers(1, 5)),
        aux1=first,
        aux2=second,
        dropout=draw(st.sampled_from([0.0, 0.25, 0.4])),
        input_size=draw(st.integers(32, 90)),
        pool4=draw(st.sampled_from([2, 3])),
        lrn=draw(st.sampled_from(NORMS)),
        padding=draw(st.sampled_from(["even", "same"])),
    )


@settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(configs())
def test_any_valid_config_builds_runs_and_costs_what_the_table_says(
    config: GoogLeNetConfig,
) -> None:
    network = GoogLeNet(config).eval()
    found = cost.layers(config)
    assert cost.totals(found).parameters == sum(p.numel() for p in network.parameters())
    logits, record = run(network, torch.rand(1, 3, config.input_size, config.input_size))
    assert logits.main.shape == (1, config.classes)
    for name, output in record.items():
        module, _, branch = name.partition("/")
        if name in ("main", *config.heads):
            assert output.shape == (1, config.classes)
        elif module in config.modules and not branch.endswith("/reduce"):
            joined = steps(config)[module][-1]
            assert tuple(output.shape[2:]) == (joined.size, joined.size)
            assert {la.size for la in found if la.place == module} == {output.shape[-1]}
            assert branch or output.shape[1] == joined.outputs
        else:
            layer = next(la for la in found if la.name == name)
            assert tuple(output.shape[1:]) == (layer.outputs, layer.size, layer.size)
    assert decode(encode(config)) == config
    assert GoogLeNetConfig.from_json(config.to_json()) == config


def test_links_are_short() -> None:
    assert encode(GoogLeNetConfig.paper()) == "paper"
    assert encode(GoogLeNetConfig.paper(norm="batch", classes=10)) == "norm=batch;classes=10"
    assert len(encode(GoogLeNetConfig.naive())) < 250
    paper = GoogLeNetConfig.paper()
    changed = replace(paper, stage5=(paper.stage5[0], replace(paper.stage5[1], f_pp=None)))
    assert encode(changed) == "5=256.160.320.32.128.128-384.192.384.48.128.x"


@pytest.mark.parametrize(
    "preset", ["paper", "naive", "torchvision", "half_width", "without_5x5", "without_projection"]
)
def test_presets_survive_the_link(preset: str) -> None:
    config = getattr(GoogLeNetConfig, preset)()
    assert decode(encode(config)) == config


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "4=1.2.3", "4=1.2.3.4.5.6.7", "stem=1.2", "stem=a.b.c", "classes=-1",
        "classes=99999999999999999999", "norm=magic", "aux1=4a", "aux1=9z.128.1024.0.0.7",
        "dropout=nan", "dropout=1e999", "4=0.0.0.0.0.0", "4=²", "aux1=4a.1.1.9.0.5", "x" * 5000,
    ],
)  # fmt: skip
def test_nonsense_in_a_link_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(iv.ConfigError) as refusal:
        decode(text)
    assert len(str(refusal.value)) < 300
    assert MAX_TEXT == 4000


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_text_does_anything_but_decode_or_be_refused(text: str) -> None:
    try:
        config = decode(text)
    except iv.ConfigError:
        return
    assert decode(encode(config)) == config
