"""A class in real browsers: a teacher, two pupils, reloads, a restart of the server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.views import CLASS_PAGE
from tests.browser.axe import violations
from tests.browser.driver import settle
from tests.browser.test_faults import Server, cache, own_server

Person = Callable[..., Page]
__all__ = ["cache", "own_server"]

CLOSED = """Object.defineProperty(window, 'localStorage', {
  get() { throw new DOMException('closed', 'SecurityError'); } });"""


@pytest.fixture
def person(chromium: Browser, address: str) -> Iterator[Person]:
    """Somebody at a browser of their own."""
    contexts: list[BrowserContext] = []

    def come(path: str, script: str = "", **options: Any) -> Page:
        size = {"width": 1440, "height": 900}
        context = chromium.new_context(base_url=address, **({"viewport": size} | options))
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(script)
        page.goto(path)
        settle(page)
        return page

    yield come
    for context in contexts:
        context.close()


def open_class(teacher: Page) -> str:
    teacher.get_by_role("button", name="Open a class").click()
    expect(teacher.locator(".iv-code")).to_have_text(re.compile(r"^\w{6}$"))
    return teacher.locator(".iv-code").inner_text()


def choose(pupil: Page, option: str) -> None:
    pupil.locator(".st-key-guess_branch").get_by_role("radio", name=option, exact=True).click()


def counted(pupil: Page, words: str) -> None:
    expect(pupil.locator(".iv-class")).to_have_text(words)


def bars(teacher: Page) -> list[str]:
    """Names and counts of the bars."""
    shown = teacher.locator(".bars li").all_inner_texts()
    return [re.sub(r"\s+", " ", text.strip()) for text in shown]


def kept(page: Page) -> Any:
    return json.loads(page.evaluate("localStorage.inception_viz_classes"))


def test_a_teacher_and_two_pupils_and_reloads(person: Person) -> None:
    teacher = person(f"/{CLASS_PAGE}")
    code = open_class(teacher)
    expect(teacher.locator(".lead")).to_contain_text("0 pupils have joined")
    first, second = person(f"/learn?class={code}&image=cat"), person("/learn?image=cat")
    counted(first, "0 answers counted")
    second.goto(f"/{CLASS_PAGE}")
    second.get_by_label("Code from your teacher").fill(code.lower())
    second.get_by_role("button", name="Join", exact=True).click()
    counted(second, "0 answers counted")
    expect(teacher.locator(".lead")).to_contain_text("2 pupils have joined")
    second.get_by_role("link", name="To the lesson").click()
    expect(second).to_have_url(re.compile(rf"/learn\?.*class={code}"))
    choose(first, "1×1")
    counted(first, "1 answer counted")
    choose(second, "3×3")
    counted(second, "1 answer counted")
    expect(teacher.locator(".seen")).to_have_text("Cat, BVLC GoogLeNet: 2 answers, 1 right")
    assert bars(teacher) == ["1×1 1", "3×3 ✓ 1", "5×5 0", "pool 0"]

    first.reload()
    counted(first, "1 answer counted")
    choose(first, "5×5")
    expect(first.get_by_text("your first answer counts: 1×1")).to_be_visible()
    first.goto(f"/branches?class={code}")
    counted(first, "1 answer counted")
    teacher.reload()
    expect(teacher.locator(".iv-code")).to_have_text(code)
    expect(teacher.locator(".lead")).to_contain_text("2 pupils have joined")
    assert bars(teacher) == ["1×1 1", "3×3 ✓ 1", "5×5 0", "pool 0"]
    key = kept(teacher)["keys"][code]["key"]
    assert key not in teacher.url and key not in teacher.content()
    assert len(kept(first)["numbers"][code]["pupil"]) == 32 and not kept(first)["keys"]

    with teacher.expect_download() as saved:
        teacher.get_by_role("button", name="Save CSV").click()
    assert saved.value.suggested_filename == f"class-{code}.csv"
    assert len(saved.value.path().read_text("utf-8-sig").splitlines()) == 3
    teacher.get_by_role("button", name="End the class").click()
    teacher.get_by_role("button", name="End it now").click()
    expect(teacher.get_by_text("has ended, and the server has forgotten it")).to_be_visible()
    choose_again = first.get_by_role("radio", name="shared", exact=True)
    choose_again.click()
    expect(first.get_by_text("has ended: nothing is counted any more")).to_be_visible()
    expect(first).not_to_have_url(re.compile("class="))
    expect(teacher.get_by_role("button", name="Open a class")).to_be_visible()
    teacher.wait_for_function(
        "c => !JSON.parse(localStorage.inception_viz_classes).keys[c]", arg=code
    )


def test_hostile_nicknames_stay_text_and_can_be_hidden(person: Person) -> None:
    teacher = person(f"/{CLASS_PAGE}")
    code = open_class(teacher)
    pupil = person(f"/learn?class={code}&image=cat&chapter=channels")
    counted(pupil, "0 answers counted")
    pupil.get_by_role("button", name="Photo A", exact=True).click()
    counted(pupil, "1 answer counted")
    expect(teacher.get_by_role("heading", name="Which of these two makes it fire?")).to_be_visible()
    expect(teacher.locator(".names")).to_have_count(0)
    name = "<img src=x onerror=1>"
    pupil.get_by_role("button", name="Nickname").click()
    pupil.get_by_role("textbox", name="Nickname").fill(name)
    pupil.get_by_role("textbox", name="Nickname").press("Enter")
    expect(teacher.locator(".names span")).to_have_text(name)
    assert not teacher.locator(".names img").count()
    teacher.get_by_role("button", name=f"Hide the nickname {name}").press("Enter")
    expect(teacher.locator(".names span")).to_have_text("nickname hidden")
    teacher.get_by_role("button", name="Show this nickname").click()
    expect(teacher.locator(".names span")).to_have_text(name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_while_a_class_is_open(person: Person, scheme: str) -> None:
    teacher = person(f"/{CLASS_PAGE}", color_scheme=scheme)
    code = open_class(teacher)
    pupil = person(f"/learn?class={code}&image=cat", color_scheme=scheme)
    counted(pupil, "0 answers counted")
    choose(pupil, "1×1")
    counted(pupil, "1 answer counted")
    pupil.goto(f"/learn?class={code}&chapter=channels")
    pupil.get_by_role("button", name="Photo A", exact=True).click()
    counted(pupil, "2 answers counted")
    pupil.get_by_role("button", name="Nickname").click()
    pupil.get_by_role("textbox", name="Nickname").fill("Zoe")
    pupil.get_by_role("textbox", name="Nickname").press("Enter")
    expect(teacher.locator(".names span")).to_have_text("Zoe")
    for page in (teacher, pupil):
        serious = [v for v in violations(page) if v.ours and v.impact in ("serious", "critical")]
        assert not serious
    for width in (390, 1280):
        teacher.set_viewport_size({"width": width, "height": 720})
        overflow = "document.querySelector('.stMainBlockContainer').scrollWidth"
        assert teacher.evaluate(f"{overflow} <= innerWidth")


def test_where_nothing_can_be_kept_the_session_is_enough_and_that_is_said(person: Person) -> None:
    teacher = person(f"/{CLASS_PAGE}")
    code = open_class(teacher)
    pupil = person(f"/learn?class={code}&image=cat", CLOSED)
    counted(pupil, "0 answers counted")
    choose(pupil, "1×1")
    counted(pupil, "1 answer counted")
    pupil.get_by_role("button", name="Nickname").click()
    expect(pupil.get_by_text("after a reload you count as somebody else")).to_be_visible()


def test_a_restart_is_said_to_teacher_and_pupil(own_server: Server, chromium: Browser) -> None:
    base = f"http://localhost:{own_server.port}"
    teacher, pupil = (chromium.new_context(base_url=base).new_page() for _ in range(2))
    teacher.goto(f"/{CLASS_PAGE}")
    code = open_class(teacher)
    pupil.goto(f"/learn?class={code}&image=cat")
    counted(pupil, "0 answers counted")
    own_server.kill()
    own_server.start()
    expect(teacher.get_by_text("The server was restarted")).to_be_visible(timeout=60_000)
    expect(teacher.get_by_text("Open a new one; pupils need its code")).to_be_visible()
    choose(pupil, "1×1")  # until then, a page that was open shows what it showed
    expect(pupil.get_by_text("Ask your teacher for the new code")).to_be_visible(timeout=60_000)
    expect(pupil.locator(".iv-class")).to_have_count(0)
    expect(pupil).not_to_have_url(re.compile("class="))
    assert open_class(teacher) != code
    for page in (teacher, pupil):
        page.context.close()
