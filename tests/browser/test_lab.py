"""The architecture lab in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import driver


def open_lab(page: Page, link: str = "") -> None:
    page.goto(f"/lab?image=cat{link}")
    driver.settle(page)
    expect(page.locator(".lab table")).to_be_visible()


def cell(page: Page, module: str, title: str) -> Locator:
    return page.get_by_label(f"{module} {title}", exact=True)


def table(page: Page) -> list[str]:
    found: list[str] = page.locator(".lab input").evaluate_all("boxes => boxes.map(b => b.value)")
    return found


def test_costs_follow_while_typing(page: Page) -> None:
    open_lab(page)
    row = page.locator(".lab tr", has=page.get_by_label("3a #1×1", exact=True))
    expect(row).to_contain_text("192 → 256")
    box = cell(page, "3a", "#1×1")
    box.fill("96")  # not left yet
    expect(row).to_contain_text("192 → 288")
    expect(box).to_have_value("96")
    box.press("Enter")
    expect(page).to_have_url(re.compile("arch="))
    expect(cell(page, "3b", "#1×1")).to_be_focused()


def test_ten_fast_edits_undone_and_brought_back_by_the_link(page: Page) -> None:
    open_lab(page)
    before = table(page)
    modules = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    edits = [(m, "#1×1", str(10 + i)) for i, m in enumerate(modules)] + [("4c", "#5×5", "77")]
    for module, title, value in edits:
        box = cell(page, module, title)
        box.fill(value)
        box.press("Enter")
    driver.settle(page)
    for module, title, value in edits:
        expect(cell(page, module, title)).to_have_value(value)
    after = table(page)
    expect(page).to_have_url(re.compile("arch=.*77"))
    undo = page.get_by_role("button", name="Undo")
    for _ in edits:
        undo.click()
    expect(cell(page, "3a", "#1×1")).to_have_value(before[0])
    assert table(page) == before
    expect(undo).to_be_disabled()
    redo = page.get_by_role("button", name="Redo")
    for _ in edits:
        redo.click()
    expect(cell(page, "4c", "#5×5")).to_have_value("77")
    assert table(page) == after
    expect(redo).to_be_disabled()
    page.reload()
    driver.settle(page)
    expect(cell(page, "4c", "#5×5")).to_have_value("77")
    assert table(page) == after


def test_an_invalid_cell_is_marked_and_the_last_network_stays(page: Page) -> None:
    open_lab(page)
    box = cell(page, "4c", "#3×3")
    box.fill("many")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".lab .reason")).to_contain_text("is not a count")
    expect(page.get_by_text("the last network that can be built is shown")).to_be_visible()
    box.fill("250")
    expect(box).to_have_attribute("aria-invalid", "false")
    expect(page.locator(".lab .reason")).to_have_count(0)


def test_rows_are_added_moved_and_removed(page: Page) -> None:
    open_lab(page)
    page.get_by_role("button", name="Duplicate 4c").click()
    expect(cell(page, "4f", "#1×1")).to_have_value("256")  # what was 4e
    page.get_by_role("button", name="Remove 4d").click()
    expect(page.get_by_label("4f #1×1", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Move 4b up").click()
    expect(cell(page, "4a", "#1×1")).to_have_value("160")
    expect(page).to_have_url(re.compile("from=3a-3b-4b-4a"))
    driver.settle(page)
    rows = table(page)
    page.reload()
    driver.settle(page)
    expect(page.locator(".lab table")).to_be_visible()
    assert table(page) == rows
    expect(page).to_have_url(re.compile("from=3a-3b-4b-4a"))


def paste(page: Page, module: str, column: str, text: str) -> None:
    cell(page, module, column).focus()
    page.evaluate(
        """text => {
          const roots = [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean);
          const box = roots.map(r => r.activeElement).find(Boolean) ?? document.activeElement;
          const data = new DataTransfer();
          data.setData('text', text);
          box.dispatchEvent(new ClipboardEvent('paste',
            { clipboardData: data, bubbles: true, cancelable: true, composed: true }));
        }""",
        text,
    )


def test_pasting_from_a_spreadsheet(page: Page) -> None:
    open_lab(page)
    paste(page, "5a", "#1×1", "1\t2\t3\t4\t5\t6\n11\t12\t13\t14\t15\t16")
    expect(cell(page, "5a", "pool proj")).to_have_value("6")
    expect(cell(page, "5b", "#5×5")).to_have_value("15")
    expect(page).to_have_url(re.compile("5%3D|5="))
    paste(page, "5a", "#1×1", "128,0\n192,0")  # one column with decimal commas
    expect(cell(page, "5b", "#1×1")).to_have_value("192")
    expect(cell(page, "5a", "#3×3 reduce")).to_have_value("2")
    paste(page, "3a", "#1×1", "1,000\t7")
    expect(page.get_by_text("could be 1000 or 1")).to_be_visible()
    expect(cell(page, "3a", "#3×3 reduce")).to_have_value("7")
    paste(page, "5b", "#5×5", "1\t2\t3")
    expect(page.get_by_text("Nothing was pasted")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(cell(page, "3a", "#1×1")).to_have_value("64")
    expect(page.get_by_text("Nothing was pasted")).to_have_count(0)


def test_rebuild_and_use_it_everywhere(page: Page) -> None:
    open_lab(page)
    box = cell(page, "5b", "#1×1")
    box.fill("100")
    box.press("Enter")
    page.get_by_role("button", name="Rebuild the network").click()
    expect(page.get_by_text("Rebuilt", exact=True).first).to_be_visible()
    expect(page.locator(".iv-lead")).to_contain_text("of the weights of")
    page.get_by_role("button", name="Use it on every page").click()
    expect(page).to_have_url(re.compile("network=rebuilt"))
    driver.menu(page, "Branch activations").click()
    page.get_by_text("5b", exact=True).first.click()
    expect(page.get_by_text("100 channels of 7×7")).to_be_visible()


def test_the_browsers_back_button_takes_edits_back(page: Page) -> None:
    open_lab(page)
    box = cell(page, "3a", "#1×1")
    for value in ("96", "128"):
        box.fill(value)
        box.press("Enter")
        expect(page).to_have_url(re.compile(rf"arch=3(=|%3D){value}\."))
        driver.settle(page)
    for value in ("96", "64"):
        page.go_back()
        expect(box).to_have_value(value)
        driver.settle(page)
    page.go_forward()
    expect(box).to_have_value("96")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    expect(page).to_have_url(re.compile(r"arch=3(=|%3D)96\."))
