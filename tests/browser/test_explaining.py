"""The explaining pages in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser import driver


def test_from_the_matrix_to_channels_to_the_switchboard(page: Page) -> None:
    driver.visit(page, "/contributions?image=cat")
    page.locator('.iv-wide [data-go="5b/3x3"]').click()
    expect(page.get_by_text("5b 3×3: its channels, strongest first")).to_be_visible()
    expect(page).to_have_url(re.compile("open=5b"))
    page.get_by_role("button", name="Mute it").click()
    expect(page).to_have_url(re.compile(r"/switchboard\?.*muted=5b"))
    expect(page.locator(".iv-lead")).to_contain_text("With 1 branch muted")
    switch = page.locator('.iv-wide [data-go="5b/3x3"]')
    expect(switch).to_have_attribute("aria-pressed", "false")


def test_switching_methods_keeps_what_is_open(page: Page) -> None:
    driver.visit(page, "/contributions?image=cat&open=5b/3x3")
    for title in ("Ablation", "Gradient × activation", "Firing", "Shapley value"):
        page.get_by_role("radio", name=title, exact=True).click()
        expect(page.get_by_text(re.compile(f"^{re.escape(title)}\\. "))).to_be_visible()
        expect(page.get_by_text("5b 3×3: its channels, strongest first")).to_have_count(1)


def test_no_fast_click_on_a_switch_is_lost(page: Page) -> None:
    driver.visit(page, "/switchboard?image=cat")
    places = [f"{m}/{b}" for m in ("3a", "4c", "5b") for b in ("1x1", "3x3", "5x5")]
    for place in places:
        page.locator(f'.iv-wide [data-go="{place}"]').click(no_wait_after=True)
    expect(page.locator(".iv-lead")).to_contain_text("With 9 branches muted")
    for place in places[:4]:
        page.locator(f'.iv-wide [data-go="{place}"]').click(no_wait_after=True)
    expect(page.locator(".iv-lead")).to_contain_text("With 5 branches muted")
    driver.settle(page)
    off = page.locator(".iv-wide [aria-pressed=false]")
    expect(off).to_have_count(5)
    page.reload()
    driver.settle(page)
    expect(page.locator(".iv-lead")).to_contain_text("With 5 branches muted")
    page.get_by_role("button", name="Let all speak").click()
    expect(page.locator(".iv-lead")).to_contain_text("All branches speak")
    expect(off).to_have_count(0)


def test_keyboard_mutes(page: Page) -> None:
    driver.visit(page, "/switchboard?image=cat")
    page.locator('.iv-wide [data-go="4c/pool"]').focus()
    page.keyboard.press("Space")
    expect(page.locator(".iv-lead")).to_contain_text("With 1 branch muted")


def test_the_strip_opens_modules_and_the_link_brings_them_back(page: Page) -> None:
    driver.visit(page, "/grad-cam?image=cat")
    frames = page.locator(".film button")
    expect(frames).to_have_count(9)
    for name in ("3a", "4e", "4c"):
        page.locator(".film button", has_text=name).click()
        expect(page).to_have_url(re.compile(f"cam={name}"))
    expect(page.get_by_text("Module 4c, and its four branches")).to_be_visible()
    driver.settle(page)
    page.reload()
    expect(page.get_by_text("Module 4c, and its four branches")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Module 4e, and its four branches")).to_be_visible()


def test_slow_work_can_be_cancelled_and_the_page_lives_on(page: Page) -> None:
    driver.visit(page, "/grad-cam?image=cat")
    page.get_by_role("radio", name="Occlusion").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile("Occlusion: stopped"))).to_be_visible()
    page.get_by_role("radio", name="Guided Grad-CAM").click()
    expect(page.get_by_text("Red speaks for the output")).to_be_visible()


def test_who_cancels_stops_it_for_nobody_else(page: Page, chromium: Browser, address: str) -> None:
    context = chromium.new_context(base_url=address)
    neighbour = context.new_page()
    for each in (page, neighbour):
        driver.visit(each, "/grad-cam?image=raccoon")
    for each in (page, neighbour):
        each.get_by_role("radio", name="Occlusion").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Occlusion: stopped")).to_be_visible()
    expect(neighbour.get_by_text("Red speaks for the output")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_text("Red speaks for the output")).to_be_visible()
    context.close()


def test_leaving_in_the_middle_of_slow_work(page: Page) -> None:
    driver.visit(page, "/grad-cam?image=cat&check=pixels")
    driver.menu(page, "Auxiliary heads").click()
    expect(page.get_by_text("softmax0 in the paper, reads 4a")).to_be_visible()
    driver.menu(page, "Contributions").click()
    expect(page.locator(".iv-lead")).to_contain_text("speaks most for it")


def test_nothing_is_cut_off_on_a_phone(chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, base_url=address)
    page = context.new_page()
    for path in ("contributions?open=5b/1x1", "switchboard", "heads", "grad-cam"):
        driver.visit(page, f"/{path}")
        wide = page.evaluate(
            "() => [...document.querySelectorAll('.stMainBlockContainer *')].filter(e =>"
            "  e.getBoundingClientRect().right > innerWidth + 1 &&"
            "  getComputedStyle(e).visibility !== 'hidden' && !e.closest('.js-plotly-plot')"
            "  && !e.closest('[data-testid=stDataFrame]') && !e.closest('.katex')"
            "  && e.type !== 'range')"
            ".map(e => e.outerHTML.slice(0, 120))"
        )
        assert not wide, f"{path}: {wide[:3]}"
    context.close()
