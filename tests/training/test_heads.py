from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import inception_viz as iv
from inception_viz.architecture import AuxHeadConfig, steps
from inception_viz.errors import DataError
from inception_viz.files import VARIABLE
from inception_viz.sources import (
    attach_heads,
    heads_file,
    load_file,
    save_heads,
    save_weights,
    trunk_hash,
)
from inception_viz.training import (
    FittedHeads,
    HeadRecipe,
    agreement,
    fit_heads,
    held_out,
    photos_in,
    read_photos,
    view,
)
from tests.conftest import noise_photo, tiny_config
from tests.training.conftest import MakeFolder

RECIPE = HeadRecipe(views=160, epochs=25, batch=16, learning_rate=5e-3, precision="fp32")


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
    assert set(fitted.weights.fits) == {"aux1", "aux2"}
    learn, judge = held_out(photos_in(folder))
    for fit_ in fitted.weights.fits.values():
        assert (fit_.photos, fit_.judged, fit_.data) == (len(learn), len(judge), "tints")
        assert 0 <= fit_.first <= fit_.in_five <= 1
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


def test_the_last_layer_is_the_main_heads_where_it_fits(make_folder: MakeFolder) -> None:
    config = tiny_config(aux1=None, aux2=None, classes=5)
    width = steps(config)["5b"][-1].outputs
    as_wide = iv.load(
        "random",
        config=replace(config, aux1=AuxHeadConfig("4a", fc=width), aux2=AuxHeadConfig("4d", fc=9)),
    )
    state = fit(as_wide, make_folder(count=20)).weights.network.state_dict()
    for value in ("weight", "bias"):
        assert torch.equal(state[f"aux.aux1.classifier.{value}"], state[f"classifier.{value}"])
    shape = state["aux.aux2.classifier.weight"].shape
    assert shape == (5, 9), "another width has to learn its own"


def test_agreement_counts_first_choices_and_firsts_among_five() -> None:
    said = torch.zeros(4, 8)
    said[0, 0] = said[1, 1] = said[2, 2] = said[3, 3] = 9.0
    said[3, 4:8] = torch.tensor([8.0, 7.0, 6.0, 5.0])
    wanted = torch.zeros(4, 8)
    wanted[0, 0] = wanted[1, 1] = wanted[2, 2] = 1.0  # the same first choice
    wanted[3, 0] = 1.0  # not among the five
    assert agreement(said, wanted) == (0.75, 0.75)
    wanted[3] = torch.tensor([0.0, 0, 0, 0, 0, 0, 0, 1.0])  # the fifth
    assert agreement(said, wanted) == (0.75, 1.0)


def test_judged_photos_are_chosen_by_content(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder(count=20)
    learn, judge = held_out(photos_in(folder), 0.3)
    assert judge and len(learn) + len(judge) == 60
    for number, path in enumerate([learn[0], judge[0]]):
        copy = tmp_path / f"copy{number}.jpg"
        copy.write_bytes(path.read_bytes())
        assert held_out([copy], 0.3) == (([copy], []) if number == 0 else ([], [copy]))


def test_killed_work_goes_on(
    trunk: iv.Classifier,
    make_folder: MakeFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inception_viz.training.features.FILE_VIEWS", 64)
    folder, work, views = make_folder(count=20), tmp_path / "work", []
    whole = fit(trunk, folder).weights.network.state_dict()
    real = view

    class Killed(BaseException):
        pass

    def counted(*args: object) -> object:
        views.append(args)
        if len(views) == 100:
            raise Killed
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("inception_viz.training.heads.view", counted)

    def go() -> FittedHeads:
        return fit_heads(trunk.weights, photos_in(folder), data="tints", recipe=RECIPE, work=work)

    with pytest.raises(Killed):
        go()
    assert len(list(work.rglob("views-*.safetensors"))) == 1
    views.clear()
    resumed = go().weights.network.state_dict()
    assert len(views) == RECIPE.views - 64, "the first file's views are not made again"
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert not list(work.rglob("*.safetensors")), "what is done leaves nothing behind"


def test_a_view_depends_on_its_number_alone(make_folder: MakeFolder) -> None:
    photos, _ = read_photos([(p, 0) for p in photos_in(make_folder(count=4))], 64)
    for number in range(40):  # all four kinds occur
        pixels = view(photos, 48, number)
        assert pixels.shape == (48, 48, 3) and pixels.dtype == np.uint8
        assert np.array_equal(pixels, view(photos, 48, number))
    assert len({view(photos, 48, n).tobytes() for n in range(40)}) > 30


def test_the_file_says_that_they_were_fitted_and_how_well(
    trunk: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    fitted = fit(trunk, make_folder(count=10))
    save_weights(fitted.weights, tmp_path / "with.safetensors")
    loaded = load_file(tmp_path / "with.safetensors")
    assert loaded.fits == fitted.weights.fits
    assert list(loaded.fits) == ["aux1", "aux2"]
    assert loaded.trained_heads == ("main", "aux1", "aux2")
    assert any("fitted afterwards" in note for note in loaded.notes)


def test_kept_beside_the_trunk_they_are_found_again(
    trunk: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    save_weights(trunk.weights, tmp_path / "trunk.safetensors")
    plain = iv.load(tmp_path / "trunk.safetensors")
    assert not plain.weights.fits
    save_heads(fit(plain, make_folder(count=10)).weights)
    found = iv.load(tmp_path / "trunk.safetensors")
    assert list(found.weights.fits) == ["aux1", "aux2"]
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
    trunk: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder(count=10)
    (folder / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "red" / "gone.jpg").symlink_to("nowhere.jpg")
    fitted = fit_heads(
        trunk.weights,
        photos_in(folder),
        data="tints",
        recipe=replace(RECIPE, views=32, epochs=1),
        work=tmp_path / "work",
    )
    skipped = " ".join(fitted.skipped)
    assert "broken.jpg" in skipped and "gone.jpg" in skipped


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
