from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import inception_viz as iv
from inception_viz.network import AuxHead
from inception_viz.sources.cache import VARIABLE
from inception_viz.sources.distilled import attach_heads, heads_file, save_heads, trunk_hash
from inception_viz.sources.file import load_file, save_weights
from inception_viz.training.errors import DataError
from inception_viz.training.heads import FittedHeads, HeadRecipe, agrees, fit_heads, photos_in
from tests.conftest import noise_photo, tiny_config
from tests.training.conftest import MakeFolder

RECIPE = HeadRecipe(epochs=25, batch=16, learning_rate=5e-3)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def trunk() -> iv.Classifier:
    """A network without auxiliary heads that tells the three tints apart."""
    return iv.load("random", config=tiny_config(aux1=None, aux2=None, classes=5))


def fit(trunk: iv.Classifier, folder: Path) -> FittedHeads:
    return fit_heads(trunk.weights, photos_in(folder), data="tints", recipe=RECIPE)


def test_heads_learn_the_main_heads_answers(trunk: iv.Classifier, make_folder: MakeFolder) -> None:
    folder = make_folder(count=20)
    fitted = fit(trunk, folder)
    network = fitted.weights.network
    # Independent check: the whole network on the photos themselves, against uniform guessing.
    nearer = 0.0
    photos = photos_in(folder)[::6]
    for path in photos:
        trace = iv.Classifier(fitted.weights, "test", "test").trace(path)
        teacher = trace.probabilities()
        student = trace.probabilities("aux2").log()
        uniform = torch.full_like(teacher, 1 / len(teacher)).log()
        nearer += float(F.kl_div(student, teacher, reduction="sum"))
        nearer -= float(F.kl_div(uniform, teacher, reduction="sum"))
    assert nearer / len(photos) < 0
    assert set(fitted.agreement) == {"aux1", "aux2"}
    assert fitted.checked == 6
    assert not network.training


def test_the_trunk_stays_as_it_was(trunk: iv.Classifier, make_folder: MakeFolder) -> None:
    fitted = fit(trunk, make_folder(count=10))
    before, after = trunk.network.state_dict(), fitted.weights.network.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert set(after) - set(before)
    assert trunk_hash(trunk.network) == trunk_hash(fitted.weights.network)
    photo = noise_photo(3)
    again = iv.Classifier(fitted.weights, "x", "x").trace(photo)
    torch.testing.assert_close(trunk.trace(photo).logits, again.logits)


def test_agreement_is_the_share_of_equal_first_choices() -> None:
    class Fixed(AuxHead):
        def classify(self, pooled: torch.Tensor) -> torch.Tensor:
            return pooled[:, :, 0, 0]

    config = tiny_config(norm="none")
    assert config.aux1 is not None
    head = Fixed(3, 14, config.aux1, 3, batch_norm=False)
    said = torch.tensor([[9.0, 0, 0], [0, 9, 0], [0, 0, 9], [0, 0, 9]])[:, :, None, None]
    logits = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]])
    assert agrees(head, said, logits) == 0.75


def test_they_are_marked_distilled_in_the_file(
    trunk: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    fitted = fit(trunk, make_folder(count=10))
    save_weights(fitted.weights, tmp_path / "with.safetensors")
    loaded = load_file(tmp_path / "with.safetensors")
    assert loaded.distilled_heads == ("aux1", "aux2")
    assert loaded.trained_heads == ("main", "aux1", "aux2")
    assert any("distilled" in note for note in loaded.notes)


def test_kept_beside_the_trunk_they_are_found_again(
    trunk: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    save_weights(trunk.weights, tmp_path / "trunk.safetensors")
    plain = iv.load(tmp_path / "trunk.safetensors")
    assert plain.weights.distilled_heads == ()
    save_heads(fit(plain, make_folder(count=10)).weights)
    found = iv.load(tmp_path / "trunk.safetensors")
    assert found.weights.distilled_heads == ("aux1", "aux2")
    assert set(found.trace(noise_photo(1)).heads) == {"main", "aux1", "aux2"}
    assert found.key != plain.key
    assert not any("no auxiliary heads" in note for note in found.weights.notes)


def test_heads_of_another_trunk_are_not_taken(
    trunk: iv.Classifier, make_folder: MakeFolder
) -> None:
    save_heads(fit(trunk, make_folder(count=10)).weights)
    other = iv.load("random", config=trunk.config, seed=5)
    bare = iv.Classifier(other.weights, "x", "x").weights
    assert heads_file(bare.network) != heads_file(trunk.network)
    assert attach_heads(bare) is bare


def test_damaged_heads_do_not_withhold_the_trunk(
    trunk: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    path = save_heads(fit(trunk, make_folder(count=10)).weights)
    save_weights(trunk.weights, tmp_path / "trunk.safetensors")
    fitted = path.read_bytes()
    swapped = iv.load("random", config=tiny_config(classes=5), seed=5).weights
    for damage in (b"damaged", None):
        if damage:
            path.write_bytes(damage)
        else:
            save_weights(swapped, path)
        weights = iv.load(tmp_path / "trunk.safetensors").weights
        assert weights.trained_heads == ("main",)
        assert "can't be used" in weights.notes[0] and "Fit them again" in weights.notes[0]
    path.write_bytes(fitted)
    assert "aux1" in iv.load(tmp_path / "trunk.safetensors").weights.trained_heads


def test_photos_that_cannot_be_read_are_skipped_and_named(
    trunk: iv.Classifier, make_folder: MakeFolder
) -> None:
    folder = make_folder(count=10)
    (folder / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert "broken.jpg" in fit(trunk, folder).skipped[0]


def test_too_few_photos(trunk: iv.Classifier, make_folder: MakeFolder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 20"):
        fit(trunk, make_folder(count=4))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no pictures"):
        photos_in(tmp_path / "empty")


def test_a_network_without_the_modules_for_heads(make_folder: MakeFolder) -> None:
    config = tiny_config(aux1=None, aux2=None)
    short = iv.load("random", config=tiny_config(aux1=None, aux2=None, stage4=config.stage4[:2]))
    with pytest.raises(iv.WeightsError, match="can't carry"):
        fit(short, make_folder(count=10))


def test_the_same_seed_gives_the_same_heads(trunk: iv.Classifier, make_folder: MakeFolder) -> None:
    folder = make_folder(count=10)
    first, second = (fit(trunk, folder).weights.network.state_dict() for _ in range(2))
    assert all(torch.equal(first[k], second[k]) for k in first)
