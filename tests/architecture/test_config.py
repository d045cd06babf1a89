from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from inception_viz import ConfigError
from inception_viz.architecture import (
    AuxHeadConfig,
    GoogLeNetConfig,
    LrnConfig,
    ModuleRow,
    StemConfig,
    branch_widths,
    steps,
)

# The paper's table 1: module → (input channels, output channels, map side).
TABLE = {
    "3a": (192, 256, 28),
    "3b": (256, 480, 28),
    "4a": (480, 512, 14),
    "4b": (512, 512, 14),
    "4c": (512, 512, 14),
    "4d": (512, 528, 14),
    "4e": (528, 832, 14),
    "5a": (832, 832, 7),
    "5b": (832, 1024, 7),
}


def test_paper_table() -> None:
    config = GoogLeNetConfig.paper()
    assert list(config.modules) == list(TABLE)
    for module, expected in TABLE.items():
        first, *_, joined = steps(config)[module]
        assert (first.inputs, joined.outputs, joined.size) == expected
    assert config.heads["aux1"].after == "4a"
    assert config.heads["aux2"].after == "4d"
    assert (config.dropout, config.heads["aux1"].dropout) == (0.4, 0.7)


def test_naive_keeps_the_input_channels_in_the_pool_branch() -> None:
    config = GoogLeNetConfig.naive()
    module = steps(config)["3a"]
    assert branch_widths(module) == {"1x1": 64, "3x3": 128, "5x5": 32, "pool": 192}
    assert module[-1].outputs == 64 + 128 + 32 + 192


@pytest.mark.parametrize("preset", ["paper", "torchvision", "naive"])
def test_json_round_trip(preset: str) -> None:
    config = getattr(GoogLeNetConfig, preset)(classes=10, input_size=160)
    assert GoogLeNetConfig.from_json(config.to_json()) == config
    assert set(json.loads(config.to_json())["modules"]) == set(TABLE)


def test_json_without_fields_is_the_paper() -> None:
    assert GoogLeNetConfig.from_json("{}") == GoogLeNetConfig.paper()


def test_frozen_and_hashable() -> None:
    config = GoogLeNetConfig.paper()
    with pytest.raises(FrozenInstanceError):
        config.classes = 3  # type: ignore[misc]
    assert hash(config) == hash(GoogLeNetConfig.paper())


def test_absent_branches() -> None:
    config = GoogLeNetConfig.paper(stage3=(ModuleRow(0, 0, 8, 0, 0, None),))
    assert branch_widths(steps(config)["3a"]) == {"3x3": 8}


def with_row(**changes: Any) -> dict[str, Any]:
    paper = GoogLeNetConfig.paper()
    rows = list(paper.stage4)
    rows[2] = replace(rows[2], **changes)
    return {"stage4": tuple(rows)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (with_row(f_3x3=-5), ["4c", "f_3x3", "-5", "0 to 4096"]),
        (with_row(f_1x1=5000), ["4c", "f_1x1", "5000", "0 to 4096"]),
        (with_row(f_pp="many"), ["4c", "f_pp", "'many'", "whole number"]),
        (with_row(f_pp=True), ["4c", "f_pp", "True", "whole number"]),
        (with_row(f_5x5=2.5), ["4c", "f_5x5", "2.5", "whole number"]),
        (with_row(f_3x3=0), ["4c", "f_3x3_r", "128", "Set f_3x3_r to 0"]),
        (
            with_row(f_1x1=0, f_3x3_r=0, f_3x3=0, f_5x5_r=0, f_5x5=0, f_pp=0),
            ["4c", "no filters", "at least one branch"],
        ),
        ({"stage3": ()}, ["Stage 3", "0 modules", "from 1"]),
        ({"stage5": "rows"}, ["Stage 5", "rows"]),
        ({"stage5": (None,)}, ["5a", "None"]),
        ({"stem": StemConfig(conv1=0)}, ["stem", "conv1", "0", "1 to 4096"]),
        ({"kernel_5x5": "7"}, ["kernel_5x5", "'7'", '"5"']),
        ({"norm": "group"}, ["norm", "'group'", '"lrn"']),
        ({"classes": 0}, ["classes", "0", "1 to"]),
        ({"input_size": 8}, ["input_size", "8", "32 to 1024"]),
        ({"dropout": 1.0}, ["dropout", "1.0", "below 1"]),
        ({"pool4": 5}, ["pool4", "5", "2 to 3"]),
        ({"padding": "valid"}, ["padding", "'valid'", '"same"']),
        ({"lrn": LrnConfig(size=4)}, ["size", "4", "odd"]),
        ({"lrn": LrnConfig(beta=float("nan"))}, ["beta", "nan", "0 to 4"]),
        ({"lrn": LrnConfig(k=0.0)}, ["k", "0.0", "out of range"]),
        ({"lrn": 5}, ["LrnConfig", "5"]),
        ({"aux1": AuxHeadConfig("9z")}, ["aux1", "9z", "3a"]),
        ({"aux1": AuxHeadConfig("4a", pool="max")}, ["aux1", "pool", "'max'"]),  # type: ignore[arg-type]
        ({"aux1": AuxHeadConfig("5a"), "aux2": None}, ["aux1", "7×7", "ok"]),
        ({"aux1": AuxHeadConfig("4d")}, ["aux1", "4d", "must come first"]),
        ({"aux2": AuxHeadConfig("4d"), "input_size": 64}, ["4×4", "5×5", "Raise input_size"]),
    ],
)
def test_refusals_name_place_value_and_remedy(changes: dict[str, Any], words: list[str]) -> None:
    if words[-1] == "ok":  # a 7×7 map is large enough for the 5×5 pool
        GoogLeNetConfig.paper(**changes)
        return
    with pytest.raises(ConfigError) as error:
        GoogLeNetConfig.paper(**changes)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("changes", "row", "column"),
    [
        (with_row(f_3x3=-5), "4c", "f_3x3"),
        (with_row(f_3x3=0), "4c", "f_3x3_r"),
        (with_row(f_1x1=0, f_3x3_r=0, f_3x3=0, f_5x5_r=0, f_5x5=0, f_pp=0), "4c", None),
        ({"stage5": (None,)}, "5a", None),
        ({"stage3": ()}, None, None),
        ({"stem": StemConfig(conv1=0)}, "stem", "conv1"),
        ({"stem": None}, "stem", None),
        ({"norm": "group"}, None, "norm"),
        ({"lrn": LrnConfig(alpha=-1)}, None, "lrn"),
        ({"input_size": 8}, None, "input_size"),
        ({"aux1": AuxHeadConfig("9z")}, "aux1", "after"),
        ({"aux2": AuxHeadConfig("4d", dropout=2)}, "aux2", "dropout"),
        ({"aux2": AuxHeadConfig("4d"), "input_size": 64}, "aux1", "pool"),
        ({"aux1": AuxHeadConfig("4d")}, "aux2", "after"),
    ],
)
def test_a_refusal_knows_its_cell(
    changes: dict[str, Any], row: str | None, column: str | None
) -> None:
    with pytest.raises(ConfigError) as error:
        GoogLeNetConfig.paper(**changes)
    assert (error.value.row, error.value.column) == (row, column)
    again = pickle.loads(pickle.dumps(error.value))  # as between processes
    assert (str(again), again.row, again.column) == (str(error.value), row, column)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", ["not valid JSON"]),
        ("[1]", ["JSON object"]),
        ('{"colour": 1}', ["colour", "Known fields"]),
        ('{"modules": {"3a": {"f_1x1": 1}}}', ["3a", "lacks", "f_3x3"]),
        ('{"modules": {"3b": {}}}', ["3b", "out of place"]),
        ('{"modules": {"6a": {}}}', ["6a", "out of place"]),
        ('{"modules": [1]}', ["modules"]),
        ('{"stem": 4}', ["stem"]),
        ('{"aux1": {"after": "4a", "size": 3}}', ["aux1", "size"]),
        ("[" * 100_000, ["not valid JSON"]),
        (" " * 300_000, ["300,000"]),
    ],
)
def test_bad_json_is_a_sentence(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        GoogLeNetConfig.from_json(text)
    for word in words:
        assert word in str(error.value)
