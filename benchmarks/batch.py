"""Pictures a second that ``trace FOLDER`` does, alone and shared by processes.

    python benchmarks/batch.py --photos FOLDER

Three ways take turns on the same pictures with `imagenette` and the default method: one
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

from benchmarks.harness import DATA, ROOT, Row, measure

WORK = "INCEPTION_VIZ_BATCH_WORK"  # tells a process that it is one of those that work


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
    import torch
    from accelerate import PartialState

    import inception_viz as iv

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


def measured(options: argparse.Namespace) -> Iterator[Row]:
    """Each way, and how many times as fast as one process with one thread."""
    with tempfile.TemporaryDirectory() as place:
        few = choose(options.photos, 16, Path(place, "few"))
        photos = choose(options.photos, options.count, Path(place, "photos"))
        count = len(list(photos.iterdir()))
        taken: dict[Way, list[Taken]] = {way: [] for way in WAYS}
        for _ in range(options.rounds):
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
        photos = DATA / "imagenette2-160" / "val"
        # Twelve parts of 32, so that two processes have as much to do.
        measure(__doc__, {"batch": measured}, photos=photos, count=384, rounds=3)
