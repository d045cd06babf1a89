"""Do the maps point at what matters? Deletion and insertion on Imagenette's validation photos.

    python benchmarks/faithfulness.py --data FOLDER

Photos evenly spread over the ten classes, 224 px; target: the probability of the network's first
choice. Each photo plays both games of ``iv.faithfulness`` once with every map, with one coarse
random map and with the centre prior. Printed: the mean area ± its standard error; each map's
difference, photo by photo, to the two that know nothing; and, for three sample photos, how much of
a map is left when the weights are shuffled (``iv.sanity_check``).

Claim: Grad-CAM at the last module beats the random map and the centre prior in both games, by more
than two standard errors.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from tqdm import tqdm

import inception_viz as iv
from benchmarks.harness import DATA, SAMPLES, Row, measure
from inception_viz.explain import (
    STEPS,
    VARIANTS,
    Game,
    Variant,
    blurred,
    centre_prior,
    random_map,
    silent,
)
from inception_viz.explain.faithfulness import _play, _ranks
from inception_viz.training import imagenette_folder

BEST = "Grad-CAM or HiResCAM, 5b"
BLIND = ("random map", "centre prior")
BETTER: dict[Game, int] = {"deletion": -1, "insertion": 1}  # the sign of what is better
TITLES: dict[Variant, str] = {
    "grad_cam": "Grad-CAM",
    "hires_cam": "HiResCAM",
    "layer_cam": "LayerCAM",
}

Areas = dict[Game, dict[str, float]]

loaded = cache(iv.load)


def games(options: argparse.Namespace) -> Iterator[Row]:
    """Both games with many photos and all maps."""
    photos = chosen_photos(options.data, options.per_class)
    check(loaded(options.weights), photos[0])
    # One photo a core: no core ever waits for another.
    with ProcessPoolExecutor(
        options.workers, get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        played = pool.map(partial(play_photo, options.weights), photos, range(len(photos)))
        each = list(tqdm(played, total=len(photos)))
    areas = {(g, n): np.array([one[g][n] for one in each]) for g in BETTER for n in each[0][g]}
    for (game, name), values in areas.items():
        yield Row(f"{game}: {name}", values.mean(), "", "", f"± {standard_error(values):.3f}")
    for (game, name), values in areas.items():
        for blind in BLIND if name not in BLIND else ():
            apart = values - areas[game, blind]
            mean, error = apart.mean(), standard_error(apart)
            better = (BETTER[game] * apart > 0).mean()
            figures = f"{mean:+.3f} ± {error:.3f}, better on {better:.0%}"
            claim = "≥ 2" if name == BEST else ""
            what = f"{game}: {name} − {blind}"
            yield Row(what, BETTER[game] * mean / error, "errors", claim, figures)


def chosen_photos(root: Path, per_class: int) -> list[Path]:
    """As many of each class, evenly spread over its folder."""
    found: list[Path] = []
    for folder in sorted(p for p in (imagenette_folder(root) / "val").iterdir() if p.is_dir()):
        photos = sorted(folder.iterdir())
        places = np.linspace(0, len(photos) - 1, per_class).round().astype(int)
        found += [photos[place] for place in places]
    return found


def maps(classifier: iv.Classifier, trace: iv.Trace, seed: int) -> dict[str, np.ndarray]:
    """All that is compared, by name."""
    cams = {variant: iv.grad_cam(classifier, trace, variant=variant) for variant in VARIANTS}
    # The gradient is the same all over the last module's map, so these two are one.
    truth = cams["grad_cam"].raw("5b")
    if not np.allclose(cams["hires_cam"].raw("5b"), truth, atol=1e-4 * np.abs(truth).max()):
        raise SystemExit("HiResCAM at 5b should be Grad-CAM at 5b, but it isn't.")
    size = trace.input.shape[-1]
    return {
        BEST: cams["grad_cam"]["5b"],
        "LayerCAM, 5b": cams["layer_cam"]["5b"],
        "Grad-CAM, 4e": cams["grad_cam"]["4e"],
        "Grad-CAM, 3a": cams["grad_cam"]["3a"],
        "random map": random_map(size, seed),
        "centre prior": centre_prior(size),
    }


def play(classifier: iv.Classifier, trace: iv.Trace, rankings: Mapping[str, np.ndarray]) -> Areas:
    """Both games, as ``iv.faithfulness`` plays them, with each ranking once."""
    target = iv.Target(trace.top_classes(1)[0][0], kind="probability")
    ends: dict[Game, tuple[torch.Tensor, torch.Tensor]] = {
        "deletion": (trace.input, torch.zeros_like(trace.input)),
        "insertion": (blurred(trace.input), trace.input),
    }
    orders = [_ranks(values) for values in rankings.values()]
    areas: Areas = {}
    for game, (start, end) in ends.items():
        curves = _play(classifier, start, end, orders, target, STEPS, silent)
        found = np.trapezoid(curves, dx=1 / STEPS, axis=1)
        areas[game] = dict(zip(rankings, found.tolist(), strict=True))
    return areas


def play_photo(weights: str, photo: Path, seed: int) -> Areas:
    """Both games with one photo and all its maps."""
    trace = loaded(weights).trace(photo)
    return play(loaded(weights), trace, maps(loaded(weights), trace, seed))


def check(classifier: iv.Classifier, photo: Path) -> None:
    """Compare one photo's areas with ``iv.faithfulness``."""
    trace = classifier.trace(photo)
    rankings = maps(classifier, trace, 0)
    theirs = iv.faithfulness(classifier, trace, rankings[BEST])
    ours = play(classifier, trace, {"map": rankings[BEST], "centre": rankings["centre prior"]})
    for game, curves in (("deletion", theirs.deletion), ("insertion", theirs.insertion)):
        for name, area in ours[game].items():  # type: ignore[index]
            if not np.isclose(area, curves[name].area, atol=1e-5):
                raise SystemExit(f"The {game} differs from iv.faithfulness: {ours}, {theirs}.")


def standard_error(values: np.ndarray) -> float:
    """Of their mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def sanity(options: argparse.Namespace) -> Iterator[Row]:
    """Rank correlations with the true map when all weights are shuffled."""
    classifier = loaded(options.weights)
    traces = [classifier.trace(SAMPLES / f"{name}.jpg") for name in ("cat", "goldfish", "rocket")]
    for module in ("3a", "4e", "5b"):
        for variant, title in TITLES.items():
            checks = (
                iv.sanity_check(classifier, t, module=module, variant=variant) for t in traces
            )
            found = [check.stages[-1].correlation for check in checks]
            figures = ", ".join(f"{value:.2f}" for value in found)
            yield Row(
                f"left of {title} at {module}, weights shuffled",
                float(np.mean(found)),
                "",
                "",
                figures,
            )


if __name__ == "__main__":
    measure(
        __doc__,
        {"games": games, "sanity": sanity},
        weights="imagenette",
        data=DATA,
        per_class=20,
        workers=os.cpu_count() or 1,
    )
