"""The lesson in a real browser: the kernel walks, and its sums add up."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

import inception_viz as iv
from app.frontend import text
from app.views.teach.plan import plan
from tests.browser.axe import violations
from tests.browser.driver import settle

# The model whose numbers are small, so that what is rounded on the page adds up to 0.02.
WALK = "image=goldfish&chapter=module&walk_branch=5x5&model=imagenette"
NUMBER = r"(−?\d+(?:\.\d+)?(?:e−?\d+)?)"


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def open_module(page: Page) -> None:
    page.goto(f"/learn?{WALK}")
    settle(page)
    expect(page.locator(".walk canvas").nth(2)).to_be_visible()


def test_the_walk_plays_from_the_beginning_and_stops(page: Page) -> None:
    open_module(page)
    place = page.get_by_label("Place in the walk")
    before = int(place.input_value())
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function(
        "b => [...document.querySelectorAll('*')].flatMap(e => e.shadowRoot ? "
        "[...e.shadowRoot.querySelectorAll('input[type=range]')] : [])"
        ".some(i => i.value > 20 && i.value < b)",
        arg=before,
    )
    page.get_by_role("button", name="Pause").click()
    stopped = int(place.input_value())
    assert stopped > 20
    page.get_by_role("button", name="One place on").click()
    assert int(place.input_value()) in (stopped, stopped + 1)


CONTROLS = {
    ".play": "Play",
    ".back": "One place back",
    ".next": "One place on",
    "input": "Place in the walk",
    "select": "Speed",
}


def test_every_control_has_its_name_before_the_first_frame(page: Page) -> None:
    page.add_init_script("window.requestAnimationFrame = () => 0")
    page.goto(f"/learn?{WALK}")
    for control, name in CONTROLS.items():
        expect(page.locator(f".walk {control}")).to_have_accessible_name(name)


def test_every_control_has_its_name_before_the_script(page: Page) -> None:
    body = text("kernel_walk.html")
    page.set_content(f'<html lang="en"><title>The walk</title><main>{body}</main></html>')
    for control, name in CONTROLS.items():
        expect(page.locator(f".walk {control}")).to_have_accessible_name(name)
    assert not [v for v in violations(page) if v.impact in ("serious", "critical")]


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.01, 0.01)])
def test_a_clicked_place_is_spelled_out(page: Page, place: tuple[float, float]) -> None:
    open_module(page)
    output = page.locator(".walk .output canvas")
    box = output.bounding_box()
    assert box is not None
    output.click(position={"x": box["width"] * place[0], "y": box["height"] * place[1]})
    grids = page.locator(".walk .grid")
    expect(grids).to_have_count(3)
    window, kernel, products = (
        [number(text) for text in grids.nth(i).locator("span").all_inner_texts()] for i in range(3)
    )
    assert len(window) == len(kernel) == len(products) == 25
    assert sum(w * k for w, k in zip(window, kernel, strict=True)) == pytest.approx(
        sum(products), abs=0.02
    )
    said = page.locator(".walk .result").inner_text()
    found = re.search(
        rf"these 25 products {NUMBER}, those of the 15 other reduced maps {NUMBER}, "
        rf"bias {NUMBER}, together {NUMBER}",
        said,
    )
    assert found, said
    part, others, bias, total = map(number, found.groups())
    assert part == pytest.approx(sum(products), abs=0.02)
    assert part + others + bias == pytest.approx(total, abs=0.02)
    assert ("ReLU passes it on" in said) == (total > 0)
    if place[0] < 0.1:
        assert window[:5] == [0] * 5, "beyond the border lie zeros"


def test_the_keyboard_steps_and_the_end_concatenates(page: Page) -> None:
    open_module(page)
    walk = page.locator(".walk")
    place = page.get_by_label("Place in the walk")
    before = int(place.input_value())
    walk.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert int(place.input_value()) == before + 1
    expect(page.locator(".walk .concat .later")).to_have_count(3)
    place.fill(str(2 * 28 * 28))
    expect(page.locator(".walk .concat .later")).to_have_count(0)


def test_a_teachers_link_opens_its_view(page: Page) -> None:
    page.goto("/teach")
    settle(page)
    steps = plan(iv.load("bvlc"), 45)
    step = next(step for step in steps if step.page == "switchboard")
    page.get_by_role("link", name=step.link).click()
    expect(page.locator(".iv-lead")).to_contain_text("1 branch muted")
    page.go_back()
    expect(page.get_by_role("heading", name="For teachers")).to_be_visible()
