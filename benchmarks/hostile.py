"""Hostile input of every kind that the library and the app read: what comes of it?

    python benchmarks/hostile.py fuzz                             # 20,000 of every kind
    python benchmarks/hostile.py fuzz --targets png gif --inputs 1000 --seed 7
    python benchmarks/hostile.py fuzz --targets png --show 4711   # one again, with its traceback
    python benchmarks/hostile.py pictures

Fuzz: every input is made from (seed, target, number) alone. They are read in child processes, two
at a time. A child that dies, or that takes more than five seconds over one input, is replaced, and
the input is a finding; so is one that takes more memory than the target's bound, that makes Python
write outside the given folder, start a process or warn, and any error but the documented.
Pictures: the most expensive that are still read. Each is as large as its format may be, in the mode
and packing that takes most, and is read in a process of its own, on one core. Memory is what the
process grows by at its peak, the file's bytes included.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image

from benchmarks.harness import Row, measure
from inception_viz.errors import ImageError
from inception_viz.pictures import Limits, read_picture
from tests.hostile.registry import NAMES, target
from tests.hostile.target import Outcome, judge, make

SECONDS = 5.0  # for one input
STARTING = 90.0  # for a child to be ready
ADDRESS_SPACE = 4 * 2**30  # beyond what a child holds at its start: protects the machine
PROCESSES = 2
SPAWN = get_context("spawn")


@dataclass
class Tally:
    """What became of a target's inputs."""

    inputs: int = 0
    accepted: int = 0
    slowest: float = 0.0
    growth: float = 0.0  # MB
    busy: float = 0.0
    findings: list[tuple[int, str]] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, index: int, outcome: Outcome, grown: float = 0.0) -> None:
        with self.guard:
            self.inputs += 1
            self.accepted += outcome.accepted and not outcome.finding
            self.slowest = max(self.slowest, outcome.seconds)
            self.growth = max(self.growth, grown)
            if outcome.finding:
                self.findings.append((index, outcome.finding))

    def row(self, name: str) -> Row:
        bad = len(self.findings)
        figures = (
            f"{self.inputs:,} inputs, {self.accepted:,} accepted, "
            f"{self.inputs - self.accepted - bad:,} refused; slowest {1000 * self.slowest:.0f} ms; "
            f"{self.growth:.0f} MB of {target(name).megabytes}; "
            f"{self.inputs / self.busy * PROCESSES:.0f} inputs/s"
        )
        return Row(f"{name}: findings", bad, "", "≤ 0", figures)


def fuzz(options: argparse.Namespace) -> Iterator[Row]:
    """Read many inputs of each target; print what shouldn't have come of them."""
    if options.show >= 0:
        show(options.targets[0], options.seed, options.show)
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # of every child
    half = -(-options.inputs // PROCESSES)
    parts = [range(at, min(at + half, options.inputs)) for at in range(0, options.inputs, half)]
    tallies = {name: Tally() for name in options.targets}
    with ThreadPoolExecutor(PROCESSES) as pool:
        jobs = [
            (name, [pool.submit(run, name, options.seed, numbers, tally) for numbers in parts])
            for name, tally in tallies.items()
        ]
        for name, pending in jobs:
            for job in pending:
                job.result()
            yield tallies[name].row(name)
    for name, tally in tallies.items():
        for index, text in sorted(tally.findings)[:20]:
            print(f"{name} {index}: {text}")


def show(name: str, seed: int, index: int) -> None:
    """Read one input again, outside of any protection but the target's own."""
    attacked = target(name)
    data = make(attacked, seed, index)
    print(f"{data[:1000]!r}")
    with tempfile.TemporaryDirectory() as folder:
        print(attacked.read(data, Path(folder)))


def run(name: str, seed: int, numbers: range, tally: Tally) -> None:
    """Read the inputs of ``numbers``, in as many children as it takes."""
    started, at = time.perf_counter(), numbers.start
    while at < numbers.stop:
        at = _one_child(name, seed, range(at, numbers.stop), tally)
    with tally.guard:
        tally.busy += time.perf_counter() - started


def _one_child(name: str, seed: int, numbers: range, tally: Tally) -> int:
    """Returns the number to go on with."""
    ours, theirs = SPAWN.Pipe(duplex=False)
    current, answered, late, patience = -1, False, False, STARTING
    with tempfile.NamedTemporaryFile() as errors:
        child = SPAWN.Process(target=_work, args=(name, seed, numbers, theirs, errors.name))
        child.start()
        theirs.close()
        try:
            while not (late := not ours.poll(patience)):
                said, patience = ours.recv(), SECONDS
                answered = not isinstance(said, int)
                if isinstance(said, int):
                    current = said
                else:
                    tally.add(current, *said)
        except EOFError:  # it has ended
            child.join()
        child.kill()
        child.join()
        words = errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
    if answered and current == numbers.stop - 1:
        return numbers.stop
    if current < 0:
        raise SystemExit(f"{name}: the child doesn't start. {words}")
    crash = f"the process died ({child.exitcode}): {words}"
    finding = f"hang over {SECONDS:.0f} s" if late else crash
    tally.add(current, Outcome(False, finding, 0.0))
    return current + 1


def _work(name: str, seed: int, numbers: range, tell: Connection, errors: str) -> None:
    """The child: send the number of each input before it is read, and the outcome after."""
    os.dup2(os.open(errors, os.O_WRONLY), sys.stderr.fileno())
    attacked = target(name)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as temporary:
        folder = Path(temporary)
        judge(attacked, make(attacked, seed, -1), folder)  # whatever is loaded late is loaded now
        limit = int(_megabytes("VmSize") * 2**20) + ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for index in numbers:
            data = make(attacked, seed, index)
            before = _fresh_peak()
            tell.send(index)
            outcome = judge(attacked, data, folder)
            grown = _megabytes("VmHWM") - before
            if grown > attacked.megabytes and not outcome.finding:
                outcome = Outcome(outcome.accepted, f"memory: {grown:.0f} MB", outcome.seconds)
            tell.send((outcome, grown))


def _fresh_peak() -> float:
    """Let the peak of memory count from here; returns the MB that are held now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _megabytes("VmRSS")


def _megabytes(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status[status.index(name) :].split(maxsplit=2)[1]) / 1024


def pictures(_: argparse.Namespace) -> Iterator[Row]:
    """Seconds of one core, and memory for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        for name, make_picture in CASES.items():
            path = Path(folder) / "picture"
            path.write_bytes(make_picture())
            with SPAWN.Pool(1) as pool:
                taken, grown, answer = pool.apply(read_expensive, (path,))
            size = path.stat().st_size / 1e6
            figures = f"file {size:.1f} MB, {grown:.0f} MB at the peak; {answer}"
            yield Row(f"largest {name}", taken, "s", "", figures)


def read_expensive(path: Path) -> tuple[float, float, str]:
    """Seconds, MB, and the picture's size or why it isn't read."""
    data = path.read_bytes()
    before, started = _fresh_peak(), time.process_time()
    try:
        answer = "{:,} × {:,} pixels".format(*read_picture(data).size)
    except ImageError as error:
        answer = str(error)
    taken = time.process_time() - started
    return taken, _megabytes("VmHWM") - before + len(data) / 2**20, answer


def _picture(file_format: str, mode: str, **options: object) -> Callable[[], bytes]:
    def draw() -> bytes:
        side = int(Limits().pixels(file_format) ** 0.5)
        noise = Image.effect_noise((512, 512), 90)
        large = noise.resize((side, side), Image.Resampling.NEAREST).convert(mode)
        buffer = io.BytesIO()
        large.save(buffer, file_format, **options)
        return buffer.getvalue()

    return draw


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


DEFLATE = "tiff_adobe_deflate"
CASES: dict[str, Callable[[], bytes]] = {
    "JPEG": _picture("JPEG", "RGB", quality=50),
    "JPEG, CMYK": _picture("JPEG", "CMYK", quality=30),
    "JPEG, progressive": _picture("JPEG", "RGB", quality=50, progressive=True, subsampling=0),
    "PNG": _picture("PNG", "RGB", compress_level=1),
    "PNG, alpha": _picture("PNG", "RGBA", compress_level=1),
    "PNG, 16 bits": _picture("PNG", "I;16", compress_level=1),
    "WebP": _picture("WEBP", "RGB", quality=20, method=0),
    "WebP, alpha, lossless": _picture("WEBP", "RGBA", lossless=True, quality=0, method=0),
    "GIF": _picture("GIF", "L"),
    "BMP, 1 bit": _picture("BMP", "1"),
    "TIFF, deflate": _picture("TIFF", "RGB", compression=DEFLATE),
    "TIFF, CMYK, turned": _picture("TIFF", "CMYK", compression=DEFLATE, exif=_turned()),
    "TIFF, float": _picture("TIFF", "F", compression=DEFLATE),
    "TIFF, one strip": _picture("TIFF", "RGB", compression=DEFLATE, strip_size=2**31 - 1),
}


if __name__ == "__main__":
    subjects = {"fuzz": fuzz, "pictures": pictures}
    measure(__doc__, subjects, inputs=20_000, targets=NAMES, seed=0, show=-1)
