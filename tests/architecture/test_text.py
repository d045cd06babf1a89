from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import inception_viz as iv
from inception_viz.architecture import (
    COLUMNS,
    MAX_TEXT,
    AuxHeadConfig,
    GoogLeNetConfig,
    LrnConfig,
    ModuleRow,
    StemConfig,
    cell_errors,
    cost,
    decode,
    encode,
    read_rows,
    rows_of,
    steps,
    to_csv,
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


def test_a_table_goes_out_and_comes_back() -> None:
    config = GoogLeNetConfig.without_projection()
    found = read_rows(to_csv(config))
    assert [name for name, _ in found] == list(config.modules)
    back = rows_of([cells for _, cells in found], [name for name, _ in found])
    assert back == list(config.modules.values())


def test_cells_from_a_spreadsheet() -> None:
    pasted = "64\t96\t128\t16\t32\t32\n128\t128\t192\t32\t96\t\n"
    found = read_rows(pasted)
    assert [name for name, _ in found] == ["", ""]
    assert rows_of([cells for _, cells in found], ["3a", "3b"])[1].f_pp is None
    named = read_rows("inception (3a);64;96;128;16;32;32")
    assert named[0][0] == "3a"


def test_bad_cells_are_named() -> None:
    with pytest.raises(iv.ConfigError, match="Line 2 has 3 cells"):
        read_rows("1,2,3,4,5,6\n1,2,3")
    with pytest.raises(iv.ConfigError, match="Module 4c, column f_3x3: 'many'"):
        rows_of([["1", "2", "many", "4", "5", "6"]], ["4c"])


cell = st.one_of(
    st.sampled_from(["", "0", "1", "16", " 8 ", "-3", "x", "5000", "1e3", "²", "nothing would"]),
    st.text(max_size=12),
)


@given(st.tuples(cell, cell, cell, cell, cell, cell))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_row_has_a_wrong_cell_exactly_if_it_can_not_be_built(cells: tuple[str, ...]) -> None:
    found = cell_errors("3a", cells)
    assert set(found) <= set(COLUMNS)
    try:
        GoogLeNetConfig.paper(stage3=tuple(rows_of([cells], ["3a"])))
    except iv.ConfigError as error:
        assert error.row == "3a"
        assert not error.column or error.column in found
        assert str(error) in found.values()
    else:
        assert not found


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("1 3 0 0 1 1", "f_3x3_r"),
        ("1 0 1 2 0 1", "f_5x5_r"),
        ("1 0 1 0 5000 1", "f_5x5"),
        ("1 0 1 0 1 -1", "f_pp"),
        ("1 nothing\N{NO-BREAK SPACE}would 1 0 1 1", "f_3x3_r"),
        ("0 0 0 0 0 0", "f_1x1"),
    ],
)
def test_the_wrong_cell_is_found_whatever_is_typed(cells: str, column: str) -> None:
    typed = [text.replace("\N{NO-BREAK SPACE}", " ") for text in cells.split(" ")]
    assert list(cell_errors("4c", typed)) == [column]
