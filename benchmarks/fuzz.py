"""Hostile input, 20,000 of every kind that the library and the app read: what comes of it?

    python benchmarks/fuzz.py                       # all targets
    python benchmarks/fuzz.py --target png --inputs 1000 --seed 7
    python benchmarks/fuzz.py --target png --show 4711    # one input again, with its traceback

Every input is made from (seed, target, number) alone. They are read in child processes, two at a
time. A child that dies, or that takes more than five seconds over one input, is replaced, and the
input is a finding; so is one that takes more memory than the target's bound, that makes
Python write outside the given folder, start a process or warn, and any error but the documented.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.hostile.registry import NAMES, target
from tests.hostile.target import judge, make

SECONDS = 5.0  # for one input
STARTING = 90.0  # for a child to be ready
ADDRESS_SPACE = 4 * 2**30  # beyond what a child holds at its start: protects the machine
PROCESSES = 2


@dataclass
class Tally:
    """What became of a target's inputs."""

    inputs: int = 0
    accepted: int = 0
    slowest: float = 0.0
    slowest_index: int = -1
    growth: float = 0.0
    busy: float = 0.0
    findings: list[tuple[int, str]] = field(default_factory=list)

    def add(self, index: int, result: dict[str, object]) -> None:
        self.inputs += 1
        self.accepted += bool(result["accepted"])
        seconds = float(str(result["seconds"]))
        if seconds > self.slowest:
            self.slowest, self.slowest_index = seconds, index
        self.growth = max(self.growth, float(str(result["megabytes"])))
        if result["finding"]:
            self.findings.append((index, str(result["finding"])))

    def merge(self, other: Tally) -> None:
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.busy += other.busy
        if other.slowest > self.slowest:
            self.slowest, self.slowest_index = other.slowest, other.slowest_index
        self.growth = max(self.growth, other.growth)
        self.findings += other.findings


# The child ----------------------------------------------------------------------------------------


def work(name: str, seed: int, numbers: range) -> None:
    """Read the inputs; print the number of each before, and a line of JSON after."""
    attacked = target(name)
    with tempfile.TemporaryDirectory(dir=_in_memory()) as temporary:
        folder = Path(temporary)
        judge(attacked, make(attacked, seed, -1), folder)  # whatever is loaded late is loaded now
        limit = _kilobytes("VmSize") * 1024 + ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for index in numbers:
            data = make(attacked, seed, index)
            Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
            before = _kilobytes("VmRSS")
            print(index, flush=True)
            outcome = judge(attacked, data, folder)
            grown = (_kilobytes("VmHWM") - before) / 1024
            finding = outcome.finding
            if grown > attacked.megabytes:
                finding = finding or f"memory: {grown:.0f} MB"
            accepted, seconds = outcome.accepted, round(outcome.seconds, 6)
            result = {"accepted": accepted, "seconds": seconds, "finding": finding}
            print(json.dumps({**result, "megabytes": round(grown, 2)}), flush=True)


def _in_memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _kilobytes(field_name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(status[status.index(field_name) :].split(maxsplit=2)[1])


# The parent ---------------------------------------------------------------------------------------


def run(name: str, seed: int, numbers: range) -> Tally:
    """All inputs of ``numbers``, in as many children as it takes."""
    tally, started = Tally(), time.perf_counter()
    start = numbers.start
    while start < numbers.stop:
        start = _one_child(name, seed, range(start, numbers.stop), tally)
    tally.busy = time.perf_counter() - started
    return tally


def _one_child(name: str, seed: int, numbers: range, tally: Tally) -> int:
    """Returns the number to go on with."""
    command = [sys.executable, __file__, "--child", name, "--seed", str(seed)]
    command += ["--from", str(numbers.start), "--inputs", str(numbers.stop)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    current, waiting = -1, True
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment) as child,
    ):
        for line in _lines(child):
            if line.startswith("{"):
                tally.add(current, json.loads(line))
                waiting = False
            else:
                current, waiting = int(line), True
        late = child.poll() is None
        child.kill()
        code = child.wait()
        if not waiting and current == numbers.stop - 1:
            return numbers.stop
        errors.seek(0)
        words = errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
    if current < 0:
        raise SystemExit(f"{name}: the child doesn't start. {words}")
    tally.inputs += 1
    crash = f"the process died ({code}): {words}"
    tally.findings.append((current, f"hang over {SECONDS:.0f} s" if late else crash))
    return current + 1


def _lines(child: subprocess.Popen[bytes]) -> Iterator[str]:
    """What the child prints, until it ends or is silent for too long."""
    assert child.stdout is not None
    pipe, rest, patience = child.stdout.fileno(), b"", STARTING
    while select.select([pipe], [], [], patience)[0]:
        chunk = os.read(pipe, 2**16)
        if not chunk:
            child.wait()
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode()
        patience = SECONDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=20_000, help="of every target")
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, metavar="NUMBER", help="read this one input again")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--from", type=int, default=0, dest="start", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        work(options.child, options.seed, range(options.start, options.inputs))
        return
    names = options.target or NAMES
    if options.show is not None:
        show(names[0], options.seed, options.show)
        return
    started = time.perf_counter()
    print(f"seed {options.seed}; bound: {SECONDS:.0f} s an input, memory as in the last column\n")
    head = (
        "inputs",
        "accepted",
        "refused",
        "findings",
        "slowest ms",
        "peak MB",
        "inputs/s",
        "bound MB",
    )
    print(f"{'target':14}" + "".join(f"{title:>11}" for title in head))
    half = -(-options.inputs // PROCESSES)
    found: dict[str, list[tuple[int, str]]] = {}
    with ThreadPoolExecutor(PROCESSES) as pool:
        jobs = {
            name: [
                pool.submit(
                    run, name, options.seed, range(start, min(start + half, options.inputs))
                )
                for start in range(0, options.inputs, half)
            ]
            for name in names
        }
        for name, parts in jobs.items():
            tally = Tally()
            for part in parts:
                tally.merge(part.result())
            found[name] = tally.findings
            _print(name, tally)
    for name, findings in found.items():
        for index, text in findings[:20]:
            print(f"{name} {index}: {text}")
    total = sum(map(len, found.values()))
    print(f"\n{total} findings; {time.perf_counter() - started:.0f} s in all")
    sys.exit(total > 0)


def _print(name: str, tally: Tally) -> None:
    bad = len(tally.findings)
    cells = (
        tally.inputs,
        tally.accepted,
        tally.inputs - tally.accepted - bad,
        bad,
        round(tally.slowest * 1000),
        round(tally.growth),
        round(tally.inputs / tally.busy * PROCESSES),
        target(name).megabytes,
    )
    print(f"{name:14}" + "".join(f"{cell:>11,}" for cell in cells), flush=True)


def show(name: str, seed: int, index: int) -> None:
    """Read one input again, outside of any protection but the target's own."""
    attacked = target(name)
    data = make(attacked, seed, index)
    print(f"{data[:1000]!r}")
    with tempfile.TemporaryDirectory() as folder:
        print(attacked.read(data, Path(folder)))


if __name__ == "__main__":
    main()
