"""People at a real browser: they fill forms by the fields' names, and every page they see is photographed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from zhengji.play.staff import StaffMember

WIDTHS = (1280, 375)
SLOW = 120_000


class Visitor:
    """One person at one browser. Pictures go to ``album`` as <name>-<width>.png."""

    def __init__(self, browser: Browser, *, url: str, album: Path) -> None:
        context = browser.new_context(base_url=url, locale="zh-CN", viewport={"width": WIDTHS[0], "height": 900})
        context.set_default_timeout(SLOW)
        self.page: Page = context.new_page()
        self._album = album
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)

    def open(self, path: str, *, shoot: str = "") -> None:
        """Go to a page; a page that is not there fails the test."""
        answer = self.page.goto(path)
        assert answer is not None and answer.status < 400, (path, answer and answer.status)
        if shoot:
            self.shoot(shoot)

    def shoot(self, name: str) -> None:
        """Take the page's picture on a desk and on a phone, where nothing may stand out sideways."""
        self._album.mkdir(parents=True, exist_ok=True)
        for width in reversed(WIDTHS):
            self.page.set_viewport_size({"width": width, "height": 900})
            over = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            self.page.screenshot(path=self._album / f"{name}-{width}.png", full_page=True)
            assert over <= 0, f"{name} is {over} px wider than a window of {width}"

    def fill(self, values: Mapping[str, str | bool]) -> None:
        """Fill fields by name: text, a choice of a list, a radio button by value, a box to tick."""
        for name, value in values.items():
            field = self.page.locator(f'main [name="{name}"]')
            kind = field.first.evaluate("field => field.tagName + ':' + (field.type || '')")
            if kind == "SELECT:select-one":
                field.select_option(str(value))
            elif kind == "INPUT:radio":
                self.page.locator(f'main [name="{name}"][value="{value}"]').check()
            elif kind == "INPUT:checkbox":
                field.first.check()
            else:
                field.fill(str(value))

    def press(self, words: str) -> None:
        """Press a button and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=words).first.click()

    def sees(self, words: str) -> None:
        """The page shows these words."""
        expect(self.page.locator("main")).to_contain_text(words, timeout=SLOW)

    def log_in_as(self, member: StaffMember) -> None:
        """Mobile, password and, where the account has one, a number that was not used before."""
        self.open("/staff/login")
        values = {"mobile": member.person.mobile, "password": member.person.password}
        if member.secret:
            values["number"] = member.fresh_number()
        self.fill(values)
        self.press("登录")
        assert "/staff/login" not in self.page.url, self.page.locator("main").inner_text()

    def close(self) -> None:
        """Leave; what the browser complained of fails the test."""
        self.page.context.close()
        assert self.faults == []
