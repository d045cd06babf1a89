"""The report opens from disk, with the network off, and shows everything."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.driver import settle

# What reaches beyond the bar that it stands above, by more than half a pixel.
_BEYOND = """() => [...document.querySelectorAll('#answers .row > div > div')].flatMap(row => {
  const [label, percent, bar] = [...row.children];
  percent.textContent = '>99.9\u00a0%'; // the widest
  const words = document.createRange();
  words.selectNodeContents(percent);
  const [end, edge] = [words.getBoundingClientRect().right, bar.getBoundingClientRect().right];
  const over = label.getBoundingClientRect().right > words.getBoundingClientRect().left;
  return end > edge + 0.5 || over ? [`${label.textContent}: ${end} > ${edge}`] : [];
})"""


def test_a_report_is_saved_by_a_click_and_opens_offline(
    page: Page, chromium: Browser, tmp_path: Path
) -> None:
    page.goto("/?image=cat&metric=contribution")
    settle(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report").click()
    path = tmp_path / "report.html"
    waiting.value.save_as(path)
    assert path.stat().st_size < 5e6

    context = chromium.new_context(offline=True, viewport={"width": 390, "height": 844})
    opened = context.new_page()
    asked: list[str] = []
    refused: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            asked.append(request.url)

    opened.on("request", note)
    opened.on("console", lambda message: refused.append(message.text))
    opened.goto(path.as_uri())
    expect(opened.get_by_role("heading", level=1)).to_contain_text("in BVLC GoogLeNet")
    broken = opened.evaluate(
        "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    )
    assert not broken
    assert not asked
    assert not refused
    sections = opened.evaluate("[...document.querySelectorAll('section')].map(s => s.id)")
    assert {"answers", "map", "contributions", "cams", "branches", "architecture"} <= set(sections)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    for width in (390, 1440):
        opened.set_viewport_size({"width": width, "height": 844})
        assert opened.evaluate(_BEYOND) == [], "percentages stay within their bars"
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.locator("svg.iv-tall [data-go='5b/5x5']").first.click()
    opened.wait_for_function("document.getElementById('5b').getBoundingClientRect().top < 200")
    context.close()
