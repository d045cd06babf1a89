"""Do the maps point at what matters? Deletion and insertion on Imagenette's validation photos.

    python benchmarks/faithfulness.py --data ../shared/data

200 photos, evenly spread over the ten classes, 224 px; target: the probability of the network's
first choice. Each photo plays both games of ``iv.faithfulness`` once with every map, with one
coarse random map and with the centre prior. Prints Markdown: the mean area ± its standard error;
each map's paired difference to the two that know nothing; and, for three sample photos, how much
of a map is left when the weights are shuffled (``iv.sanity_check``).

Claim: Grad-CAM at the last module beats the random map and the centre prior in both games, by more
than two standard errors.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from tqdm import tqdm

import inception_viz as iv
from inception_viz.explain.cam_variants import VARIANTS, Variant
from inception_viz.explain.faithfulness import (
    STEPS,
    Game,
    _play,
    _ranks,
    blurred,
    centre_prior,
    random_map,
)
from inception_viz.explain.rerun import silent
from inception_viz.trace import Trace
from inception_viz.training import imagenette_folder

SAMPLES = Path(__file__).parents[1] / "assets" / "samples"
CHECKED = ("cat.jpg", "goldfish.jpg", "rocket.jpg")
TITLES: dict[Variant, str] = {
    "grad_cam": "Grad-CAM",
    "hires_cam": "HiResCAM",
    "layer_cam": "LayerCAM",
}
BLIND = ("random map", "centre prior")

Areas = Mapping[str, float]

loaded = cache(iv.load)


def chosen_photos(root: Path, per_class: int) -> list[Path]:
    """As many of each class, evenly spread over its folder."""
    found: list[Path] = []
    for folder in sorted(p for p in (imagenette_folder(root) / "val").iterdir() if p.is_dir()):
        photos = sorted(folder.iterdir())
        places = np.linspace(0, len(photos) - 1, per_class).round().astype(int)
        found += [photos[place] for place in places]
    return found


def maps(classifier: iv.Classifier, trace: Trace, seed: int) -> dict[str, np.ndarray]:
    """All that is compared, by name."""
    cams = {variant: iv.grad_cam(classifier, trace, variant=variant) for variant in VARIANTS}
    last = list(cams["grad_cam"])[-1]
    # The gradient is the same all over the last module's map, so these two are one.
    truth = cams["grad_cam"].raw(last)
    if not np.allclose(cams["hires_cam"].raw(last), truth, atol=1e-4 * np.abs(truth).max()):
        raise SystemExit(f"HiResCAM at {last} should be Grad-CAM at {last}, but it isn't.")
    size = trace.input.shape[-1]
    return {
        "Grad-CAM or HiResCAM, 5b": cams["grad_cam"]["5b"],
        "LayerCAM, 5b": cams["layer_cam"]["5b"],
        "Grad-CAM, 4e": cams["grad_cam"]["4e"],
        "Grad-CAM, 3a": cams["grad_cam"]["3a"],
        "random map": random_map(size, seed),
        "centre prior": centre_prior(size),
    }


def play(
    classifier: iv.Classifier, trace: Trace, rankings: Mapping[str, np.ndarray]
) -> dict[Game, Areas]:
    """Both games, as ``iv.faithfulness`` plays them, with each ranking once."""
    target = iv.Target(trace.top_classes(1)[0][0], kind="probability")
    games: dict[Game, tuple[torch.Tensor, torch.Tensor]] = {
        "deletion": (trace.input, torch.zeros_like(trace.input)),
        "insertion": (blurred(trace.input), trace.input),
    }
    orders = [_ranks(values) for values in rankings.values()]
    areas: dict[Game, Areas] = {}
    for game, (start, end) in games.items():
        curves = _play(classifier, start, end, orders, target, STEPS, silent)
        found = np.trapezoid(curves, dx=1 / STEPS, axis=1)
        areas[game] = dict(zip(rankings, found.tolist(), strict=True))
    return areas


def play_photo(weights: str, photo: Path, seed: int) -> dict[Game, Areas]:
    """Both games with one photo and all its maps."""
    classifier = loaded(weights)
    trace = classifier.trace(photo)
    return play(classifier, trace, maps(classifier, trace, seed))


def check(classifier: iv.Classifier, trace: Trace) -> None:
    """Compare one photo's areas with ``iv.faithfulness``."""
    rankings = maps(classifier, trace, 0)
    name = next(iter(rankings))
    theirs = iv.faithfulness(classifier, trace, rankings[name])
    ours = play(classifier, trace, {name: rankings[name], "centre": rankings["centre prior"]})
    for game, curves in (("deletion", theirs.deletion), ("insertion", theirs.insertion)):
        expected = (curves["map"].area, curves["centre"].area)
        if not np.allclose(list(ours[game].values()), expected, atol=1e-5):  # type: ignore[index]
            raise SystemExit(f"The {game} differs from iv.faithfulness: {ours}, {expected}.")


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def report(games: Mapping[Game, Mapping[str, np.ndarray]]) -> bool:
    """Print both tables; say whether the claim holds."""
    names = list(games["deletion"])
    print("\n| map | deletion (lower is better) | insertion (higher is better) |\n|---|---|---|")
    for name in names:
        areas = ("{:.3f} ± {:.3f}".format(*mean_and_error(games[g][name])) for g in games)
        print(f"| {name} | {' | '.join(areas)} |")
    print("\n| difference, photo by photo | deletion | insertion |\n|---|---|---|")
    holds = True
    for name in (n for n in names if n not in BLIND):
        for blind in BLIND:
            cells = []
            for game, sign in (("deletion", -1), ("insertion", 1)):
                difference = games[game][name] - games[game][blind]  # type: ignore[index]
                mean, error = mean_and_error(difference)
                better = (sign * difference > 0).mean()
                cells.append(
                    f"{mean:+.3f} ± {error:.3f} (better on {better:.0%})".replace("-", "−")
                )
                holds &= name != names[0] or sign * mean > 2 * error
            print(f"| {name} − {blind} | {' | '.join(cells)} |")
    print(f"\nClaim: {names[0]} beats both in both games: {'PASS' if holds else 'FAIL'}")
    return holds


def report_sanity(classifier: iv.Classifier) -> None:
    """Print the rank correlations with the true map when all weights are shuffled."""
    traces = [classifier.trace(SAMPLES / name) for name in CHECKED]
    print(f"\n| module | {' | '.join(TITLES.values())} |\n|---|---|---|---|")
    for module in ("3a", "4e", "5b"):
        cells = []
        for variant in TITLES:
            found = [
                iv.sanity_check(classifier, trace, module=module, variant=variant)
                .stages[-1]
                .correlation
                for trace in traces
            ]
            cells.append(", ".join(f"{value:.2f}".replace("-", "−") for value in found))
        print(f"| {module} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default="imagenette", help="a source or a file")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--per-class", type=int, default=20, help="photos of each class")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    classifier = loaded(options.weights)
    photos = chosen_photos(options.data, options.per_class)
    check(classifier, classifier.trace(photos[0]))
    areas: dict[Game, dict[str, list[float]]] = {"deletion": {}, "insertion": {}}
    # One photo a core: no core ever waits for another.
    with ProcessPoolExecutor(
        options.workers, get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        played = pool.map(partial(play_photo, options.weights), photos, range(len(photos)))
        for games in tqdm(played, total=len(photos)):
            for game, row in games.items():
                for name, area in row.items():
                    areas[game].setdefault(name, []).append(area)
    print(f"{classifier.title}, {len(photos)} photos, {STEPS} steps")
    holds = report(
        {game: {n: np.array(v) for n, v in found.items()} for game, found in areas.items()}
    )
    report_sanity(classifier)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
