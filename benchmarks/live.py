"""The page Live: how soon the right answer stands there, how many frames a second, for how many.

    python benchmarks/live.py camera               # Chromium, a film of the sample photos as camera
    python benchmarks/live.py viewers              # 1, 5, 10 and 30 who send frames at once
    python benchmarks/live.py memory --minutes 10

Camera: from the first video frame that shows a photo until the answer names it. A sample of which
the network is wrong without a camera, too, or that it has no class for, has no right answer.
Viewers: each sends a frame when the last is answered, as the page does, but without a browser;
meanwhile somebody else opens other pages.
"""

from __future__ import annotations

import argparse
import base64
import io
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image, ImageOps

import inception_viz as iv
from app.session.photos import Sample, samples
from benchmarks.harness import Row, measure, megabytes, new_tab, running, visit
from benchmarks.visitor import Visitor
from tests.browser import driver

SECONDS = 2.0  # that the film shows each photo
LAPS = 2  # of the film
CROWDS = (1, 5, 10, 30)
CROWD_SECONDS = 20.0
PAGES = ("branches", "grad-cam", "learn")

# Notes when another photo appears in the video, and when the answer changes. Photos are told apart
# by the colours of 64 points.
_WATCH = """() => {
  const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot)
    .find(r => r?.querySelector('.live'));
  const video = root.querySelector('video'), answer = root.querySelector('.answer');
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  window.seen = { photos: [], answers: [], frames: 0 };
  let last = null;
  const look = () => {
    context.drawImage(video, 0, 0, 8, 8);
    const now = context.getImageData(0, 0, 8, 8).data;
    const far = last && now.reduce((sum, v, i) => sum + Math.abs(v - last[i]), 0) / now.length;
    if (!last || far > 12) {
      window.seen.photos.push(performance.now());
      last = now;
    }
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  new MutationObserver(() => {
    window.seen.frames += 1;
    window.seen.answers.push([performance.now(), answer.textContent]);
  }).observe(answer, { childList: true, characterData: true, subtree: true });
}"""


def camera(_: argparse.Namespace) -> Iterator[Row]:
    """One viewer in Chromium."""
    shown = list(samples().values())
    with tempfile.TemporaryDirectory() as folder:
        film = driver.make_film(Path(folder) / "film.mjpeg", [s.path for s in shown], SECONDS)
        with running() as address, driver.browser(film) as chromium:
            page = new_tab(chromium)
            visit(page, f"{address}/live")
            page.get_by_role("button", name="Start the camera").click()
            page.locator(".live .status", has_text="frames a second").wait_for()
            page.evaluate(_WATCH)
            time.sleep(LAPS * SECONDS * len(shown) + SECONDS)
            seen: dict[str, Any] = page.evaluate("() => window.seen")
    begun, ended = seen["photos"][0], seen["answers"][-1][0]
    rate = 1000 * len(seen["answers"]) / (ended - begun)
    yield Row("frames a second, one viewer in Chromium", rate, "", "≥ 5")
    yield from _answers(shown, seen["photos"], seen["answers"])


def _answers(
    shown: Sequence[Sample], photos: Sequence[float], answers: Sequence[tuple[float, str]]
) -> Iterator[Row]:
    """For each sample how long the right answer took; the film may have begun anywhere."""
    classifier = iv.load("bvlc")
    waits: dict[str, list[float]] = {sample.id: [] for sample in shown}
    for begins, ends in pairwise(photos[1:]):
        during = [(at - begins, text) for at, text in answers if begins < at < ends]
        for sample in shown:
            right = [at for at, text in during if _names(text, sample)]
            if right:
                waits[sample.id].append(right[0] / 1000)
    for sample in filter(lambda sample: sample.expected, shown):
        said, _ = classifier.trace(driver.square(sample.path)).predictions(1)[0]
        if said not in sample.expected:
            yield Row(f"{sample.title}: of the file, too, it says {said}", 0, "s")
        elif taken := waits[sample.id]:
            figures = f"{len(taken)} times, longest {max(taken):.2f} s"
            yield Row(f"{sample.title}: named after", median(taken), "s", "≤ 1", figures)
        else:
            yield Row(f"{sample.title}: never named", 99, "s", "≤ 1", "; ".join(sample.expected))


def _names(text: str, sample: Sample) -> bool:
    return text.startswith(tuple(f"{name} " for name in sample.expected))


def viewers(_: argparse.Namespace) -> Iterator[Row]:
    """A few frames a second for everybody, and other pages between them."""
    frames = [_frame(sample) for sample in samples().values()]
    for crowd in CROWDS:
        with running() as address:
            rates, opened = _watch(address, crowd, frames)
        figures = f"fewest {min(rates):.2f}, most {max(rates):.2f}; in all {sum(rates):.1f}"
        claim = "≥ 5" if crowd == 1 else ""
        yield Row(f"{crowd} viewers: frames a second each", median(rates), "", claim, figures)
        slow = f"longest {max(opened):.2f} s of {len(opened)}"
        yield Row(f"{crowd} viewers: somebody opens a page", median(opened), "s", "≤ 1", slow)


def _watch(address: str, crowd: int, frames: Sequence[str]) -> tuple[list[float], list[float]]:
    """Frames a second of each viewer, and how long other pages took meanwhile."""
    ready, counts = threading.Barrier(crowd + 1), [0] * crowd
    over = threading.Event()

    def view(place: int) -> None:
        with Visitor(address) as visitor:
            _open_live(visitor)
            ready.wait()
            for number, frame in enumerate(cycle(frames[place % len(frames) :]), 1):
                if over.is_set():
                    return
                _send(visitor, number, frame)
                counts[place] += 1

    threads = [threading.Thread(target=view, args=(place,), daemon=True) for place in range(crowd)]
    for thread in threads:
        thread.start()
    opened = []
    with Visitor(address) as other:
        other.open()
        ready.wait()
        start = time.perf_counter()
        for page in cycle(PAGES):
            if time.perf_counter() - start > CROWD_SECONDS:
                break
            opened.append(other.go(page))
            time.sleep(0.5)
        over.set()
        taken = time.perf_counter() - start
    for thread in threads:
        thread.join(60)
    return [count / taken for count in counts], opened


def memory(options: argparse.Namespace) -> Iterator[Row]:
    """What the server keeps while one camera runs."""
    frames = [_frame(sample) for sample in samples().values()]
    levels: list[float] = []
    with running() as address, Visitor(address) as visitor:
        _open_live(visitor)
        start, number = time.monotonic(), 0
        for number, frame in enumerate(cycle(frames), 1):
            _send(visitor, number, frame)
            if number % 20 == 0:
                levels.append(megabytes())
            if time.monotonic() - start > 60 * options.minutes:
                break
    fifth = max(len(levels) // 5, 1)
    second, last = fmean(levels[fifth : 2 * fifth]), fmean(levels[-fifth:])
    figures = f"{second:.0f} to {last:.0f} MB; {number} frames"
    yield Row("memory, last fifth / the second", last / second, "", "≤ 1.05", figures)


def _open_live(visitor: Visitor) -> None:
    visitor.open()
    visitor.go("live")


def _send(visitor: Visitor, number: int, frame: str) -> None:
    """Send a frame as the page does; its answer must be there."""
    skeleton = visitor.data("live_camera").get("skeleton", "")
    sent = {"number": number, "picture": frame, "branch": "", "skeleton": skeleton, "lacks": []}
    visitor.trigger("live_camera", "frame", sent)
    shown = visitor.data("live_camera")
    if shown["number"] != number or shown["wrong"] or not shown["heads"]:
        raise RuntimeError(f"frame {number}: {shown['number']}, {shown['wrong']}")


def _frame(sample: Sample) -> str:
    with Image.open(sample.path) as opened:
        square = ImageOps.fit(opened.convert("RGB"), (224, 224))
    encoded = io.BytesIO()
    square.save(encoded, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode()}"


if __name__ == "__main__":
    subjects = {"camera": camera, "viewers": viewers, "memory": memory}
    measure(__doc__, subjects, minutes=10.0)
