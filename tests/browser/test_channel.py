"""A channel's dashboard, and what branches look for, in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser import driver


def test_arrow_keys_go_from_channel_to_channel(page: Page) -> None:
    driver.visit(page, "/branches?module=3a&order=index&channel=3a/5x5:7")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_alt_text("The picture that the channel fires on most")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("channel=3a/5x5:8|channel=3a%2F5x5%3A8"))
    driver.settle(page)
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("channel=3a/5x5:7|channel=3a%2F5x5%3A7"))
    driver.settle(page)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    driver.settle(page)
    expect(page).to_have_url(re.compile("channel=3a/5x5:7|channel=3a%2F5x5%3A7"))


def test_a_photo_that_makes_it_fire_is_opened_with_the_channel(page: Page) -> None:
    driver.visit(page, "/branches?module=4c&image=cat&channel=4c/5x5:7")
    dialog = page.get_by_role("dialog")
    dialog.get_by_title("Dahlia: open this photo").first.click()
    expect(page).to_have_url(re.compile("image=flower"))
    driver.settle(page)
    expect(dialog.get_by_text("Where it fires")).to_be_visible()
    expect(page.get_by_text("GoogLeNet says Egyptian cat")).to_have_count(0)


def test_from_a_channel_to_what_feeds_it(page: Page) -> None:
    driver.visit(page, "/branches?module=4c&image=cat&channel=4c/5x5:7&about=wiring")
    dialog = page.get_by_role("dialog")
    dialog.locator('[title^="Open 4b/"]').first.click()
    expect(dialog.get_by_role("heading", name=re.compile("^4b "))).to_be_visible()


def test_the_strongest_channels_of_a_branch_show_what_they_look_for(page: Page) -> None:
    driver.visit(page, "/")
    looks = page.locator(".looks").first
    expect(looks).to_be_hidden()
    page.locator('.iv-wide [data-go="4c/3x3"]').hover()
    expect(looks).to_be_visible()
    expect(looks.locator(".tiles span")).to_have_count(3)
    page.get_by_role("heading", level=1).hover()
    expect(looks).to_be_hidden()


def test_pictures_take_the_place_of_maps(page: Page) -> None:
    driver.visit(page, "/branches?module=4c&branch=5x5&tiles=pictures")
    expect(page.locator(".grid button")).to_have_count(64)
    page.locator(".grid button").first.click()
    expect(page.get_by_role("dialog").get_by_text("What it looks for")).to_be_visible()
