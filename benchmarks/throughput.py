"""Images a second: our training loop beside a plain one, and ``trace FOLDER`` shared by processes.

    python benchmarks/throughput.py training --data FOLDER
    python benchmarks/throughput.py batch --photos FOLDER

Training: plain is the same network in fp32, memory as PyTorch lays it out, pictures decoded and
augmented by torchvision each time; ours is ``Trainer``. Both from JPEG files to updated weights,
batch 64, both heads; they take turns, so that whatever slows the machine slows both.
Batch: three ways take turns on the same pictures with `imagenette` and the default method: one
process with one thread, two processes with one thread each (``torchrun``), one process with two
threads. Beside the time by the clock stands the processor time of a picture, which other work on
the machine hardly changes: if two processes need no more of it than one, they are twice as fast
wherever two cores are free. And the memory of a process after a quarter of its pictures and at the
end. The claim is about two free cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
import torch.nn.functional as F
from accelerate import PartialState
from torch.utils.data import DataLoader

import inception_viz as iv
import inception_viz.torchvision_on_cpu  # before torchvision
from benchmarks.harness import DATA, ROOT, Row, interleaved, measure, ratio
from inception_viz.architecture import GoogLeNetConfig
from inception_viz.network import GoogLeNet
from inception_viz.pictures import IMAGENET
from inception_viz.training import Phase, Recipe, Trainer, imagenette_folder, read_photos

BATCH = 64
WORK = "INCEPTION_VIZ_BATCH_WORK"  # tells a process that it is one of those that work


class PlainLoop:
    """What one writes first."""

    def __init__(self, folder: Path, config: GoogLeNetConfig, size: int) -> None:
        from torchvision.datasets import ImageFolder
        from torchvision.transforms import v2

        transform = v2.Compose(
            [
                v2.RandomResizedCrop(size, scale=(0.35, 1.0)),
                v2.RandomHorizontalFlip(),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(IMAGENET.mean, IMAGENET.std),
            ]
        )
        self.network = GoogLeNet(config)
        self.network.initialise(0)
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), 0.01, momentum=0.9, nesterov=True, weight_decay=5e-4
        )
        data = ImageFolder(str(folder), transform)
        self.batches = iter(DataLoader(data, BATCH, shuffle=True, drop_last=True))

    def step(self) -> None:
        images, targets = next(self.batches)
        logits = self.network(images)
        loss = F.cross_entropy(logits.main, targets)
        loss = loss + 0.3 * F.cross_entropy(logits.aux1, targets)
        loss = loss + 0.3 * F.cross_entropy(logits.aux2, targets)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()


class OurLoop:
    """``Trainer``, one step at a time."""

    def __init__(self, folder: Path, config: GoogLeNetConfig, size: int) -> None:
        classes = sorted(p for p in folder.iterdir() if p.is_dir())
        samples = [(path, i) for i, c in enumerate(classes) for path in sorted(c.iterdir())[:300]]
        photos, _ = read_photos(samples, 256)
        recipe = Recipe(phases=(Phase(size, 1000),), batch=BATCH, learning_rate=0.01)
        self.trainer = Trainer(config, recipe, photos, photos)
        self.batches = iter(self.trainer.batches(0))

    def step(self) -> None:
        self.trainer._step(*next(self.batches))


def training(options: argparse.Namespace) -> Iterator[Row]:
    """Both loops at each size: how many times as fast is ours?"""
    folder = imagenette_folder(options.data) / "train"
    config = GoogLeNetConfig.paper(norm="batch", classes=10)
    for size in options.sizes:
        plain, ours = PlainLoop(folder, config, size), OurLoop(folder, config, size)
        taken = interleaved({"plain": plain.step, "ours": ours.step}, options.rounds, warm=2)
        rates = (f"{name} {BATCH / median(taken[name]):.0f} images/s" for name in taken)
        value = ratio(taken["plain"], taken["ours"])
        yield Row(f"{size} px: our rate / the plain one", value, "", "≥ 1.7", ", ".join(rates))


@dataclass(frozen=True)
class Way:
    """How the work is spread."""

    processes: int
    threads: int

    def __str__(self) -> str:
        """In words."""
        processes = f"{self.processes} process{'es' * (self.processes > 1)}"
        return f"{processes} × {self.threads} thread{'s' * (self.threads > 1)}"


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock and of the processors; MB after a quarter of the work and at the end."""

    clock: float
    processor: float
    early: float
    late: float


WAYS = (Way(1, 1), Way(2, 1), Way(1, 2))


def work(few: Path, photos: Path, output: Path) -> None:
    """One process's part: warm up, wait for the others, then the timed work."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    classifier = iv.load("imagenette")
    iv.trace_folder(classifier, few, output.with_name("warm.parquet"))
    state = PartialState()
    state.wait_for_everyone()
    start, used = time.perf_counter(), time.process_time()
    early: list[float] = []

    def look(done: int, total: int) -> None:
        if done >= total / 4 and not early:
            early.append(memory())

    iv.trace_folder(classifier, photos, output, progress=look)
    clock, used = time.perf_counter() - start, time.process_time() - used
    taken = Taken(clock, used, early[0] if early else 0.0, memory())
    output.with_name(f"{state.process_index}.json").write_text(json.dumps(asdict(taken)))
    state.destroy_process_group()


def memory() -> float:
    """The most that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(way: Way, few: Path, photos: Path) -> Taken:
    """Start the processes and add up what they say."""
    with tempfile.TemporaryDirectory() as folder:
        launch = ["-m", "torch.distributed.run", "--standalone"]
        launch += [f"--nproc-per-node={way.processes}"]
        places = json.dumps([str(few), str(photos), f"{folder}/t.parquet"])
        subprocess.run(
            [sys.executable, *(launch if way.processes > 1 else []), __file__],
            env=os.environ
            | {"OMP_NUM_THREADS": str(way.threads), "PYTHONPATH": str(ROOT), WORK: places},
            check=True,
            capture_output=True,
        )
        said = [Taken(**json.loads(p.read_text())) for p in Path(folder).glob("*.json")]
    return Taken(
        clock=max(one.clock for one in said),
        processor=sum(one.processor for one in said),
        early=max(one.early for one in said),
        late=max(one.late for one in said),
    )


def choose(photos: Path, count: int, folder: Path) -> Path:
    """A folder of links to the first pictures, evenly from all folders."""
    found = sorted(photos.rglob("*.JPEG")) or sorted(photos.rglob("*.jpg"))
    folder.mkdir()
    for path in found[:: max(1, len(found) // count)][:count]:
        (folder / f"{path.stem}.jpg").symlink_to(path.resolve())
    return folder


def batch(options: argparse.Namespace) -> Iterator[Row]:
    """Each way, and how many times as fast as one process with one thread."""
    with tempfile.TemporaryDirectory() as place:
        few = choose(options.photos, 16, Path(place, "few"))
        photos = choose(options.photos, options.count, Path(place, "photos"))
        count = len(list(photos.iterdir()))
        taken: dict[Way, list[Taken]] = {way: [] for way in WAYS}
        for _ in range(options.batch_rounds):
            for way in WAYS:
                taken[way].append(run(way, few, photos))
    best = {way: min(one.clock for one in times) for way, times in taken.items()}
    for way, times in taken.items():
        ratios = [a.clock / b.clock for a, b in zip(taken[WAYS[0]], times, strict=True)]
        figures = (
            f"{1000 * median(one.processor for one in times) / count:.0f} ms of processor a "
            f"picture, {median(one.early for one in times):.0f} and then "
            f"{median(one.late for one in times):.0f} MB a process"
        )
        yield Row(f"{way}", count / best[way], "images/s", "", figures)
        if way != WAYS[0]:
            by_round = f"by round {', '.join(f'{one:.2f}' for one in ratios)}"
            claim = "≥ 1.8" if way.processes == 2 else ""
            yield Row(f"{way} / {WAYS[0]}", best[WAYS[0]] / best[way], "", claim, by_round)


if __name__ == "__main__":
    if WORK in os.environ:
        work(*map(Path, json.loads(os.environ[WORK])))
    else:
        measure(
            __doc__,
            {"training": training, "batch": batch},
            data=DATA,
            rounds=12,
            sizes=(96, 128),
            photos=DATA / "imagenette2-160" / "val",
            count=384,  # twelve parts of 32, so that two processes have as much to do
            batch_rounds=3,
        )
