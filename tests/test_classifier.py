from __future__ import annotations

import io
import json

import pytest
import torch
from PIL import Image

import inception_viz as iv
from tests.conftest import ROOT, noise_photo, sample, tiny_config

CREDITS = json.loads((ROOT / "assets" / "samples" / "credits.json").read_text("utf-8"))


@pytest.mark.parametrize("row", CREDITS, ids=lambda row: row["id"])
def test_bundled_photos_have_files_and_credits(row: dict[str, object]) -> None:
    assert all(row[key] for key in ("title", "alt", "author", "licence", "origin"))
    picture = iv.read_picture(sample(str(row["id"])))
    assert min(picture.size) >= 224


@pytest.mark.parametrize("row", [r for r in CREDITS if r["expected"]], ids=lambda row: row["id"])
def test_bvlc_names_what_is_on_the_photo(bvlc: iv.Classifier, row: dict[str, list[str]]) -> None:
    labels = [label for label, _ in bvlc.trace(sample(str(row["id"]))).predictions(5)]
    assert set(row["expected"]) & set(labels)


def test_every_way_to_give_a_picture(tiny: iv.Classifier) -> None:
    path = sample("cat")
    expected = tiny.trace(path).logits
    with path.open("rb") as file, Image.open(path) as image:
        for source in (str(path), path.read_bytes(), file, image, iv.read_picture(path)):
            torch.testing.assert_close(tiny.trace(source).logits, expected)
    assert torch.equal(tiny.trace(io.BytesIO(path.read_bytes())).logits, expected)


def test_fit_changes_what_the_network_sees(tiny: iv.Classifier) -> None:
    photo = noise_photo(1, (400, 200))
    traces = [tiny.trace(photo, fit=fit) for fit in ("crop", "pad", "squash")]
    assert all(t.input.shape == (1, 3, 224, 224) for t in traces)
    assert not torch.equal(traces[0].input, traces[1].input)
    with pytest.raises(ValueError, match="crop"):
        tiny.trace(photo, fit="stretch")  # type: ignore[arg-type]


def test_keys_tell_models_apart() -> None:
    keys = {
        iv.load("random", config=config, seed=seed).key
        for config in (tiny_config(), tiny_config(classes=8))
        for seed in (0, 1)
    }
    assert len(keys) == 4
    assert (
        iv.load("random", config=tiny_config()).key == iv.load("random", config=tiny_config()).key
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nonsense", ["nonsense", "bvlc", ".safetensors"]),
        ("missing.pth", ["missing.pth", "Check the path"]),
        ("notes.txt", ["notes.txt", "Check the path"]),
    ],
)
def test_unknown_sources_are_explained(source: str, words: list[str]) -> None:
    with pytest.raises(iv.WeightsError) as error:
        iv.load(source)
    assert all(word in str(error.value) for word in words)


def test_a_source_keeps_its_own_labels() -> None:
    with pytest.raises(iv.WeightsError, match="its own architecture"):
        iv.load("bvlc", labels=["a"])
