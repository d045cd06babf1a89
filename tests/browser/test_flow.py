"""Flows and exchanged branches, in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser import driver


def test_a_branch_under_the_mouse_stands_out_with_all_that_leads_there(page: Page) -> None:
    driver.visit(page, "/flow?image=espresso")
    wide = page.locator("svg.iv-wide")
    near, said = wide.locator(".ribbon.near"), page.locator(".said").first
    traced = page.locator("svg.iv-wide.tracing")
    expect(traced).to_have_count(0)
    wide.locator('[data-node="4c/1x1"]').hover()
    expect(traced).to_have_count(1)
    for ribbon in near.all():
        assert "4c/1x1" in {ribbon.get_attribute("data-from"), ribbon.get_attribute("data-to")}
    expect(wide.locator('.ribbon.far[data-from="stem"]').first).to_be_attached()
    expect(said).to_contain_text("4c, 1×1")
    page.get_by_role("heading", level=1).hover()
    expect(traced).to_have_count(0)
    expect(said).to_contain_text("Point at")


def test_from_a_ribbon_to_channels_to_a_kernel_and_back(page: Page) -> None:
    driver.visit(page, "/flow?image=espresso")
    page.locator('svg.iv-wide [data-go="5a/1x1>5b/3x3"]').dispatch_event("click")
    expect(page.get_by_text("pairs of channels")).to_be_visible()
    expect(page.locator("svg.iv-wide.tracing .ribbon.chosen")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"flow=5a(/|%2F)1x1(>|%3E)5b(/|%2F)3x3"))
    driver.settle(page)
    page.get_by_role("button", name=re.compile(r"^channel \d+ → channel \d+")).first.click()
    tiles = page.get_by_role("group", name="Kernels", exact=True).get_by_role("button")
    expect(tiles.first).to_be_visible()
    driver.settle(page)
    tiles.first.click()
    expect(page.get_by_role("heading", name=re.compile("^Kernel .* at work$"))).to_be_visible()
    driver.settle(page)
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile("^Kernel .* at work$"))).to_have_count(0)
    driver.settle(page)
    page.get_by_role("button", name="Whole flow ›").click()
    expect(page.get_by_text("pairs of channels")).to_have_count(0)


def test_a_bar_can_be_opened_by_keys(page: Page) -> None:
    driver.visit(page, "/flow?image=espresso")
    page.locator('svg.iv-wide [data-go="4c/5x5"]').focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Into 4c, 5×5")).to_be_visible()


def test_the_small_flow_on_explore_leads_to_the_large_one(page: Page) -> None:
    driver.visit(page, "/?image=espresso")
    page.locator('svg.iv-small [data-node="4e/1x1"]').click()
    expect(page.get_by_role("heading", name="Into 4e, 1×1")).to_be_visible()


def test_a_branch_is_dragged_into_the_other_photo_and_clicked_out_again(page: Page) -> None:
    driver.visit(page, "/compare?image=cat&with_photo=espresso&view=exchange")
    there = page.locator('.map.b [data-go="4e/1x1"]')
    box = page.locator(".map.a").bounding_box()
    assert box is not None
    there.hover()
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 80, steps=5)
    expect(page.locator(".ghost")).to_have_text("4e/1×1")
    page.mouse.up()
    expect(page).to_have_url(re.compile("exchanged=4e(/|%2F)1x1"))
    expect(page.locator(".ghost")).to_have_count(0)
    expect(page.get_by_text("With 4e 1×1 of the second photo")).to_be_visible()
    driver.settle(page)
    page.locator('.map.a [data-go="4e/1x1"]').click()
    expect(page.get_by_text("Which branches make the difference?")).to_be_visible()


def test_what_is_dropped_elsewhere_changes_nothing(page: Page) -> None:
    driver.visit(page, "/compare?image=cat&with_photo=espresso&view=exchange")
    page.locator('.map.b [data-go="4e/1x1"]').hover()
    page.mouse.down()
    page.mouse.move(100, 500, steps=5)  # over the sidebar
    page.mouse.up()
    expect(page.locator(".ghost")).to_have_count(0)
    expect(page.locator(".taken")).to_have_count(0)


def test_fast_clicks_are_all_kept(page: Page) -> None:
    driver.visit(page, "/compare?image=cat&with_photo=espresso&view=exchange")
    places = [f"{m}/{b}" for m in ("4a", "4b", "4c") for b in ("1x1", "3x3", "5x5")]
    for place in places:
        page.locator(f'.map.b [data-go="{place}"]').click()
    expect(page.get_by_text("With 9 branches of the second photo")).to_be_visible()
    driver.settle(page)
    expect(page.locator(".map.a .taken")).to_have_count(9)
