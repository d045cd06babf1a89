from __future__ import annotations

from pathlib import Path

import pytest
import torch

import inception_viz as iv
from inception_viz.training import (
    LensRecipe,
    averages_of,
    fit_lens,
    lens_from,
    photos_in,
    unseen,
)
from tests.conftest import noise_photo, tiny_config
from tests.training.conftest import MakeFolder

RECIPE = LensRecipe(rank=4, epochs=10, ridge=(1.0, 10.0))


@pytest.fixture
def network() -> iv.Classifier:
    clf = iv.load("random", config=tiny_config(input_size=64, classes=5, aux1=None, aux2=None))
    clf.network.classifier.weight.data *= 3
    return clf


def test_the_averages_are_those_of_traces(
    network: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    photos = photos_in(make_folder(count=4))
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    seen: list[int] = []
    found = averages_of(network, [broken, *photos], tmp_path / "work", seen=seen.append)
    assert len(found) == len(photos) and seen[-1] == len(photos) + 1
    assert len(found.skipped) == 1 and "broken.png" in found.skipped[0]
    for row, path in enumerate(photos):
        for name, maps in network.trace(path).modules.items():
            torch.testing.assert_close(
                found.modules[name][row], maps.mean((1, 2)), rtol=2e-3, atol=1e-4
            )
    again = averages_of(network, [broken, *photos], tmp_path / "work")
    assert all(torch.equal(again.modules[n], found.modules[n]) for n in found.modules)


def test_read_outs_learn_to_repeat_the_network(
    network: iv.Classifier, make_folder: MakeFolder, tmp_path: Path
) -> None:
    photos = photos_in(make_folder(count=40))
    fitted = fit_lens(network, photos, data="tints", recipe=RECIPE, work=tmp_path / "work")
    held = [path for path in photos if unseen(path)]
    assert 0 < len(held) < len(photos) / 3
    assert fitted.lens.photos == len(photos) - len(held) and not fitted.skipped
    assert list(fitted.lens.readouts) == list(network.network.modules_by_name)[:-1]
    assert not any((tmp_path / "work").iterdir())
    for name, readout in fitted.lens.readouts.items():
        said, apart = [], []
        for path in held:  # independent: through traces
            trace = network.trace(path)
            reading = next(
                r for r in iv.lens(network, trace, using=fitted.lens) if r.module == name
            )
            said.append(reading.first_choice == trace.top_classes(1)[0][0])
            apart.append(abs(reading.probability - trace.top_classes(1)[0][1]))
        assert readout.fit.judged == len(held)
        assert readout.fit.rank == 4  # of five classes, four differences
        assert readout.fit.first == pytest.approx(sum(said) / len(held), abs=1e-6)
        assert readout.fit.apart == pytest.approx(sum(apart) / len(held), abs=5e-3)
        assert readout.fit.apart < 0.1


def test_descent_ends_no_worse_than_it_began(network: iv.Classifier, tmp_path: Path) -> None:
    """On photos that neither saw."""
    for number in range(60):
        noise_photo(number, (9, 8)).save(tmp_path / f"{number}.png")
    photos = photos_in(tmp_path)
    learn, judge = (
        averages_of(network, some, tmp_path / name)
        for some, name in ((photos[:45], "learn"), (photos[45:], "judge"))
    )
    apart = [
        lens_from(network, learn, judge, data="", recipe=recipe).readouts["5a"].fit.apart
        for recipe in (LensRecipe(rank=4, epochs=0), LensRecipe(rank=4, epochs=20))
    ]
    assert apart[1] < apart[0] + 0.02 and apart[1] < 0.2


def test_too_few_photos(network: iv.Classifier, make_folder: MakeFolder) -> None:
    with pytest.raises(iv.errors.DataError, match="at least 25, better on thousands"):
        fit_lens(network, photos_in(make_folder(count=2)), data="few")
