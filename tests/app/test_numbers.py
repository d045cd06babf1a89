"""What a figure's CSV button saves: every map of the figure, in long form."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.api.types import is_numeric_dtype
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from inception_viz.explain import walk
from tests.app.test_pages import start
from tests.conftest import sample

PLACE = ["module", "branch"]
UNIT = ["row", "column", "value"]


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    yield


@pytest.fixture(scope="module")
def seen() -> tuple[iv.Classifier, iv.Trace]:
    classifier = iv.load("bvlc")
    return classifier, classifier.trace(sample("cat"))


def saved(app: AppTest, figure: str) -> pd.DataFrame:
    assert not app.exception and not app.error
    data = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.json]
    (text,) = [d["csv"] for d in data if d.get("figure") == f"figure_{figure}"]
    assert text.startswith("\ufeff"), "so that Excel knows its letters"
    return pd.read_csv(io.StringIO(text))


def grid(table: pd.DataFrame) -> np.ndarray:
    """The map (height, width) of lines of one map."""
    return table.pivot(index="row", columns="column", values="value").to_numpy()


def test_grad_cam_saves_every_map_of_each_figure(seen: tuple[iv.Classifier, iv.Trace]) -> None:
    classifier, trace = seen
    index = trace.top_classes(1)[0][0]
    cams = iv.grad_cam(classifier, trace, index)
    app = start("grad_cam", cam="4c", image="cat")
    strip, module, classes = (saved(app, figure) for figure in ("strip", "cam", "classes"))
    assert list(module) == [*PLACE, *UNIT, "photo", "model", "target"]
    assert set(module["photo"]) == {"Cat"} and set(module["model"]) == {"BVLC GoogLeNet"}
    assert set(module["target"]) == {"logit of Egyptian cat"}
    parts = {branch: grid(lines) for branch, lines in module.groupby("branch")}
    assert set(parts) == {"whole module", "1x1", "3x3", "5x5", "pool"}
    whole = parts.pop("whole module")
    np.testing.assert_allclose(sum(parts.values()), whole, atol=1e-5)
    np.testing.assert_allclose(parts["5x5"], cams.raw("4c", "5x5"), rtol=1e-4, atol=1e-6)
    assert list(strip["module"].unique()) == list(trace.modules)
    assert len(strip) == sum(m.shape[-1] ** 2 for m in trace.modules.values())
    first, second, difference = (grid(lines) for _, lines in classes.groupby("target", sort=False))
    np.testing.assert_allclose(first - second, difference, atol=1e-5)
    np.testing.assert_allclose(first, whole)


def test_a_channel_says_which_it_is(seen: tuple[iv.Classifier, iv.Trace]) -> None:
    _, trace = seen
    app = start(image="cat")
    app.switch_page("views/branches/page.py")
    app.query_params["channel"] = "3a/5x5:7"
    app.run()
    table = saved(app, "channel")
    assert list(table) == [*PLACE, "channel", *UNIT, "photo", "model"]
    assert table[[*PLACE, "channel"]].iloc[0].tolist() == ["3a", "5x5", 7]
    np.testing.assert_allclose(grid(table), trace.branches["3a"]["5x5"][7], rtol=1e-5, atol=1e-6)


def test_the_walk_saves_its_three_maps(seen: tuple[iv.Classifier, iv.Trace]) -> None:
    _, trace = seen
    table = saved(start("learn", chapter="module", image="cat"), "walk")
    assert list(table) == [*PLACE, "step", "channel", *UNIT, "photo", "model"]
    maps = dict(iter(table.groupby("step", sort=False)))
    assert list(maps) == ["input", "reduce", "output"]
    row = maps["output"].iloc[0]
    layer = f"{row['module']}/{row['branch']}"
    for step, name in (("reduce", f"{layer}/reduce"), ("output", layer)):
        expected = trace.layer(name)[maps[step]["channel"].iloc[0]]
        np.testing.assert_allclose(grid(maps[step]), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("view", ["cams", "branches"])
def test_a_comparison_saves_both_sides(view: str) -> None:
    figure = {"cams": "cams", "branches": "mean_maps"}[view]
    table = saved(start("compare", view=view, with_photo="Red panda", image="cat"), figure)
    assert set(table["photo"]) == {"Cat", "Red panda"}, "no difference of two photos"
    one = start("compare", view=view, beside="another model", with_model="imagenette", image="cat")
    found = {model: grid(lines) for model, lines in saved(one, figure).groupby("model")}
    difference = found.pop("Imagenette GoogLeNet − BVLC GoogLeNet")
    np.testing.assert_allclose(
        found["Imagenette GoogLeNet"] - found["BVLC GoogLeNet"], difference, atol=1e-5
    )


@pytest.mark.parametrize(("page", "figure"), [("lab", "network"), ("learn", "nine")])
def test_tables_open_in_excel(page: str, figure: str) -> None:
    chapter = {"chapter": "nine"} if page == "learn" else {}
    assert len(saved(start(page, **chapter), figure)) >= 9


def test_the_walk_is_drawn_with_all_digits(seen: tuple[iv.Classifier, iv.Trace]) -> None:
    """What is left of a difference of two numbers needs them; five digits left noise."""
    classifier, trace = seen
    app = start("learn", chapter="module", image="cat")
    data = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.json]
    (drawn,) = [d for d in data if "window_map" in d]
    found = walk(classifier, trace, drawn["module"], drawn["branch"])
    for name in ("source", "reduce_total", "window_map", "weights", "part", "total"):
        np.testing.assert_allclose(drawn[name], getattr(found, name), rtol=1e-6, err_msg=name)


@pytest.mark.parametrize(("part", "count"), [("paper", 4), ("reduction", 4)])
def test_figures_in_tables_are_numbers_and_sort_as_such(part: str, count: int) -> None:
    """Text would put 1,024.0 before 9.0."""
    app = start("lab", part=part)
    assert not app.exception
    (table,) = (element.value for element in app.dataframe)
    figures = [name for name in map(str, table) if re.search(r"K, |M, |saved|MACs|even", name)]
    assert [name for name in figures if not is_numeric_dtype(table[name])] == []
    assert len(figures) == count
