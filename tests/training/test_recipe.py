from __future__ import annotations

import pytest

from inception_viz.architecture import GoogLeNetConfig
from inception_viz.errors import TrainingError
from inception_viz.network import GoogLeNet
from inception_viz.training import (
    PRESETS,
    Phase,
    Recipe,
    for_size,
    parse_phases,
    progressive,
    read_network,
)


def test_phases_as_text() -> None:
    assert parse_phases("96:20,128:10") == (Phase(96, 20), Phase(128, 10))


@pytest.mark.parametrize("text", ["", "96", "96:x", "96:1:2", "a:b,c:d"])
def test_phases_that_make_no_sense(text: str) -> None:
    with pytest.raises(TrainingError, match="96:20,128:10"):
        parse_phases(text)


def test_json_round_trip() -> None:
    recipe = Recipe(phases=(Phase(64, 2), Phase(96, 1)), learning_rate=0.2, seed=7)
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.epochs == 3
    assert recipe.sizes == (64, 64, 96)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"phases": 3}', '{"phases": [{"size": "x"}]}'])
def test_json_of_something_else(text: str) -> None:
    with pytest.raises(TrainingError):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"phases": ()}, "epochs"),
        ({"phases": (Phase(16, 1),)}, "16 pixels"),
        ({"phases": (Phase(64, 0),)}, "0 epochs"),
        ({"batch": 1}, "batch"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"aux_weight": -0.1}, "aux weight"),
        ({"augmentation": "wild"}, "augmentation"),
        ({"precision": "fp8"}, "precision"),
    ],
)
def test_choices_that_cannot_be_trained_with(changes: dict[str, object], named: str) -> None:
    with pytest.raises(TrainingError, match=named):
        Recipe(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("size", "epochs"), [(32, 5), (64, 30), (128, 1), (128, 30), (224, 7)])
def test_progressive_sizes_add_up(size: int, epochs: int) -> None:
    phases = progressive(size, epochs)
    assert sum(phase.epochs for phase in phases) == epochs
    assert phases[-1].size == size
    assert all(phase.size <= size for phase in phases)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", [64, 224])
def test_presets_can_be_built_for_any_size(name: str, size: int) -> None:
    config = for_size(read_network(name), size)
    assert config.input_size == size
    assert GoogLeNet(config).aux.keys() == {"aux1", "aux2"}


def test_the_paper_at_its_own_size_is_unchanged() -> None:
    assert for_size(GoogLeNetConfig.paper(), 224) == GoogLeNetConfig.paper()


def test_a_missing_network() -> None:
    with pytest.raises(TrainingError, match="paper-lrn"):
        read_network("nowhere.json")
