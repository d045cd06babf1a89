"""Pictures a second that ``trace FOLDER`` does, alone and shared by processes, in one run.

    python benchmarks/batch.py --photos ../shared/data/imagenette2-160/val

Three ways take turns on the same pictures with `imagenette` and the default method: one
process with one thread, two processes with one thread each (``torchrun``), one process with two
threads. Beside the time by the clock stands the processor time of a picture, which other work on
the machine hardly changes: if two processes need no more of it than one, they are twice as fast
wherever two cores are free. And the memory of a process after a quarter of its pictures and at the
end.
Claim: two processes ≥ 1.8 × one, on two free cores.
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
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Way:
    """How the work is spread."""

    processes: int
    threads: int

    @property
    def words(self) -> str:
        return f"{self.processes} process{'es' * (self.processes > 1)} × {self.threads} thread" + (
            "s" * (self.threads > 1)
        )


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock and of the processors; MB after a quarter of the work and at the end."""

    clock: float
    processor: float
    early: float
    late: float


WAYS = (Way(1, 1), Way(2, 1), Way(1, 2))


def work(few: Path, photos: Path, output: Path, report: Path) -> None:
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
    report.with_name(f"{state.process_index}.json").write_text(json.dumps(vars(taken)))
    state.destroy_process_group()


def memory() -> float:
    """The most that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(way: Way, few: Path, photos: Path) -> Taken:
    """Start the processes and add up what they say."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        script = [__file__, "--work", str(few), str(photos), str(place / "t.parquet")]
        launch = ["-m", "torch.distributed.run", "--standalone"]
        launch += [f"--nproc-per-node={way.processes}"]
        subprocess.run(
            [sys.executable, *(launch if way.processes > 1 else []), *script],
            env=os.environ | {"OMP_NUM_THREADS": str(way.threads), "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        )
        said = [Taken(**json.loads(p.read_text())) for p in place.glob("*.json")]
    return Taken(
        max(s.clock for s in said),
        sum(s.processor for s in said),
        max(s.early for s in said),
        max(s.late for s in said),
    )


def choose(photos: Path, count: int, folder: Path) -> Path:
    """A folder of links to the first pictures, evenly from all folders."""
    found = sorted(photos.rglob("*.JPEG")) or sorted(photos.rglob("*.jpg"))
    folder.mkdir()
    for path in found[:: max(1, len(found) // count)][:count]:
        (folder / f"{path.stem}.jpg").symlink_to(path.resolve())
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/imagenette2-160/val"))
    # Twelve parts of 32, so that two processes have as much to do.
    parser.add_argument("--count", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        few, photos, output = options.work
        work(few, photos, output, output)
        return
    with tempfile.TemporaryDirectory() as place:
        few = choose(options.photos, 16, Path(place, "few"))
        photos = choose(options.photos, options.count, Path(place, "photos"))
        count = len(list(photos.iterdir()))
        taken: dict[Way, list[Taken]] = {way: [] for way in WAYS}
        for _ in range(options.rounds):
            for way in WAYS:
                taken[way].append(run(way, few, photos))
        one = min(t.clock for t in taken[WAYS[0]])
        for way, times in taken.items():
            best = min(t.clock for t in times)
            ratios = [a.clock / b.clock for a, b in zip(taken[WAYS[0]], times, strict=True)]
            processor = median(t.processor for t in times)
            print(
                f"{way.words}: {count / best:.1f} pictures/s, {one / best:.2f} × (by round "
                f"{', '.join(f'{r:.2f}' for r in ratios)}), {1000 * processor / count:.0f} ms of "
                f"processor a picture, {median(t.early for t in times):.0f} and then "
                f"{median(t.late for t in times):.0f} MB a process"
            )


if __name__ == "__main__":
    main()
