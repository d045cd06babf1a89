"""Pictures of the running app: every page in three sizes, light and dark, and those of the README.

They lie in ``docs/screenshots/`` (not in the repository). What sticks out of the page is printed.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image
from playwright.sync_api import Browser, Page

from app.views import REGISTRY
from app.views.learn.chapters import CHAPTERS
from tests.browser.driver import browser, server, settle

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
SIZES = ((1440, 900), (1024, 768), (390, 844))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Shot(NamedTuple):
    """A picture: its file's name, the address, the height in pixels; 0 for the whole page."""

    name: str
    path: str
    height: int = 0


README = (
    Shot("explore", "", 900),
    Shot("branches", "branches?image=raccoon&module=4c", 1000),
    Shot("flow", "flow?image=espresso", 900),
    Shot("contributions", "contributions?image=espresso", 900),
    Shot("channel", "branches?image=raccoon&module=4c&channel=4c/5x5:7", 1250),
    Shot("grad_cam", "grad-cam?image=goldfish", 1000),
    Shot("lab", "lab", 1000),
    Shot("learn", "learn?image=goldfish&chapter=module&walk_branch=5x5", 900),
)
MORE = (
    Shot("channel", "branches?image=raccoon&module=4c&channel=4c/5x5:7"),
    Shot("flow_pair", "flow?image=espresso&flow=5a/1x1>5b/3x3"),
    Shot("flow_kernel", "flow?image=espresso&flow=5a/1x1:21>5b/3x3:13@39"),
    Shot("two_photos", "compare?image=cat"),
    Shot("exchange", "compare?image=cat&with_photo=espresso&view=exchange&exchanged=4e/1x1"),
    *(Shot(f"learn_{c.name}", f"learn?image=goldfish&chapter={c.name}") for c in CHAPTERS),
)

# What is wider than its page, or text that is cut off, less what scrolls on purpose.
_STICKS_OUT = """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && getComputedStyle(e).position != 'fixed'
    && !e.closest('[data-testid=stDataFrame], svg, .katex, .js-plotly-plot, input[type=range]');
}).slice(0, 3).map(e => e.tagName + ' ' + (e.innerText || '').slice(0, 40))"""


def main() -> None:
    """Make them all."""
    FOLDER.mkdir(exist_ok=True)
    pages = [Shot(v.url, v.url if i else "") for i, v in enumerate(REGISTRY)]
    with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address, browser() as b:
        for width, height in SIZES:
            for scheme in SCHEMES:
                for shot in (*pages, *MORE):
                    name = f"{shot.name}-{width}-{scheme}.png"
                    (FOLDER / name).write_bytes(_take(b, address, shot, width, height, scheme))
        for shot in README:
            picture = _take(b, address, shot, 1440, shot.height, "light")
            _save_small(picture, ROOT / "docs" / f"{shot.name}.png")


def _take(
    b: Browser, address: str, shot: Shot, width: int, height: int, scheme: Literal["light", "dark"]
) -> bytes:
    context = b.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}/{shot.path}")
    _stand_still(page)
    if not shot.height:  # Streamlit scrolls inside the window: make it as high as the page
        tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": width, "height": max(int(tall), height)})
        _stand_still(page)
    if out := page.evaluate(_STICKS_OUT):
        print(f"{shot.name} at {width} {scheme}: {out}")
    content = page.screenshot()
    context.close()
    return content


def _stand_still(page: Page) -> None:
    settle(page)
    page.wait_for_timeout(700)
    settle(page)


def _save_small(content: bytes, path: Path) -> None:
    image = Image.open(io.BytesIO(content)).convert("RGB")
    small = image.resize((1200, round(image.height * 1200 / image.width)), Image.Resampling.LANCZOS)
    small.save(path, optimize=True)  # in full colour: a palette falsifies the branches' colours
    print(f"{path.name}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
