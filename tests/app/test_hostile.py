"""Links that mean harm, and uploads whose names do: the page stays, and nothing is written outside.

``tests/hostile/address.py`` sends far more of them through the code that reads an address.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import inception_viz as iv
from app import views
from app.session import models
from inception_viz.sources import save_weights
from tests.app.arriving import arrive
from tests.conftest import tiny_config

PER_PAGE = 10  # with 24 parameters each
KEYS = (
    "image", "model", "target", "fit", "channel", "module", "branch", "open", "cam", "muted",
    "arch",
    "from", "network", "large", "run", "metric", "method", "strength", "layers", "compare",
    "at", "part",
    "lab_module", "overlay", "quick_target", "last_rank", "train_network", "train_epochs",
    "train_seed", "train_size", "train_weight",
    "train_batch",
    "chapter", "photo", "paint", "head", "output",
)  # fmt: skip
VALUES = (
    "", " ", "\0", "\n", "'", '"', "..", "../../etc/passwd", "/etc/passwd", "C:\\x", "%00",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{0}", "{x.__class__}",
    "\u202e", "²", "٣",
    "x" * 3000, "猫" * 500, "-1", "0", "1", "1e999", "nan", "inf", "9" * 400, "None", "true",
    "null", "[]",
    "[x](javascript:alert(1))", ":material/x:", "$x$", "a;b=c", "4c/5x5:0000009999",
    "4c/5x5:-1", "conv1:٣",
    "4c", "4c/5x5", "4c/5x5:3", "5b,4c/5x5", "paper", "norm=batch;classes=10", "4=1.2.3",
    "3a-3b-x", "random",
    "classes=100000;input_size=1024", "stem=4096.4096.4096", "imagenette", "file", "rebuilt",
    "shapley",
)  # fmt: skip


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    yield tmp_path


@pytest.mark.parametrize("view", views.REGISTRY, ids=lambda view: view.url)
def test_no_link_breaks_a_page(view: views.View) -> None:
    for number in range(PER_PAGE):
        chance = random.Random(f"{view.url} {number}")
        link = {key: chance.choice(VALUES) for key in chance.sample(KEYS, 24)}
        app = arrive(view.url, link)
        assert not app.exception, link
        assert app.title, link
        texts = [
            str(getattr(e, "value", ""))
            for kind in ("error", "warning", "toast")
            for e in app.get(kind)
        ]
        assert not [text for text in texts if "Traceback" in text], link


NAMES = (
    "../../evil.safetensors", "/etc/evil.safetensors", "..\\..\\evil.safetensors",
    "C:\\evil.safetensors",
    "evil\0.safetensors", "evil\n.safetensors", "\u202eevil.safetensors",
    "👩‍🔬" * 60 + ".safetensors",
    "x" * 5000 + ".safetensors", "~root/evil.safetensors", "con.safetensors",
    "\ud800.safetensors",
    "a:b.safetensors", "$HOME.safetensors",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_of_any_name_stays_in_its_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = tmp_path / "good.safetensors"
    save_weights(iv.load("random", config=tiny_config()).weights, good)
    content = good.read_bytes()
    good.unlink()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    written: list[Path] = []
    write = Path.write_bytes

    def watched(path: Path, data: bytes) -> int:
        written.append(path.resolve())
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", watched)
    loaded = models.read_weights(name, content)
    assert loaded.title.isprintable() and loaded.title.endswith(".safetensors")
    assert [path.parent.parent for path in written] == [tmp_path.resolve()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "/", "\0", "...", "\\", "pth", ".pth"])
def test_a_name_that_is_none_is_explained(name: str) -> None:
    with pytest.raises(iv.WeightsError, match="no weights file"):
        models.read_weights(name, b"x")


@pytest.mark.parametrize("value", ["1e999", "-inf", "nan", "9" * 400, "1e308", "1e18", "1_0"])
def test_numbers_beyond_all_bounds_are_left_out(value: str) -> None:
    app = arrive("train", dict.fromkeys(("train_epochs", "train_seed", "train_weight"), value))
    assert not app.exception
    for key, low, high in (("train_epochs", 1, 1000), ("train_seed", 0, 10_000)):
        count = app.number_input(key=key).value
        assert count is not None and low <= count <= high
    weight = app.slider(key="train_weight").value
    assert isinstance(weight, float) and 0 <= weight <= 1
