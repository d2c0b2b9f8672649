"""Somebody who works for a province, as an expert or for the centre: code, password, second factor, session."""

from __future__ import annotations

from collections.abc import Callable

import pyotp

from zhengji.play.browser import Broken, Page
from zhengji.play.cast import Person
from zhengji.play.world import World

_STEP = 30


class StaffMember:
    """One staff account at its browser. ``secret`` is what their phone's app keeps."""

    def __init__(self, world: World, person: Person, *, secret: str = "") -> None:
        self._world = world
        self.person = person
        self.secret = secret
        self.browser = world.browser()
        self._last_step = 0

    @property
    def is_known(self) -> bool:
        """Whether the account was set up before."""
        return bool(self.secret)

    def activate_by_mail(self) -> None:
        """Wait for the letter with the code and use it."""
        self.activate(self._world.until(f"the code for {self.person.email}", self._code, seconds=120))

    def _code(self) -> str | None:
        """The last code that came; an earlier one is void."""
        codes = [letter.code for letter in self._world.post.letters(self.person.email) if letter.code]
        return codes[-1] if codes else None

    def activate(self, code: str) -> None:
        """Spend the code, set the password and, where asked for, the second factor."""
        form = self.browser.open("/staff/activate").form(field="code")
        values = {
            "mobile": self.person.mobile,
            "code": code,
            "password": self.person.password,
            "password_again": self.person.password,
        }
        page = self.browser.submit(form, values)
        if page.path == "/staff/activate":
            raise Broken(f"{self.person.email}: not activated: {page.errors}")
        if page.path == "/staff/second-factor":
            page = self._set_up_second_factor(page)
        if page.status != 200 or page.path.startswith("/staff/"):
            raise Broken(f"{self.person.email}: not inside after activation: {page.status} {page.url} {page.errors}")

    def _set_up_second_factor(self, page: Page) -> Page:
        found = page.tree.xpath("//*[@data-secret]")
        if not found:
            raise Broken("the page of the second factor shows no secret")
        self.secret = "".join(str(found[0].text_content()).split())
        return self.browser.submit(page.form(field="number"), {"number": self.fresh_number()})

    def fresh_number(self) -> str:
        """What the app shows now; a number works once, so the next one is waited for."""

        def fresh() -> bool:
            return int(self._world.now().timestamp()) // _STEP > self._last_step

        self._world.until("a fresh number", lambda: fresh() or None, seconds=2 * _STEP)
        self._last_step = int(self._world.now().timestamp()) // _STEP
        return pyotp.TOTP(self.secret).at(self._last_step * _STEP)

    def log_in(self) -> None:
        """Mobile, password, number."""
        form = self.browser.open("/staff/login").form(field="password")
        values = {"mobile": self.person.mobile, "password": self.person.password}
        page = self.browser.submit(form, {**values, "number": self.fresh_number() if self.secret else ""})
        if page.path == "/staff/login":
            raise Broken(f"{self.person.email}: not logged in: {page.errors}")

    def open(self, address: str) -> Page:
        """A page of theirs; whose session is over logs in again."""
        page = self.browser.open(address)
        if page.path == "/staff/login":
            self.log_in()
            page = self.browser.open(address)
        if page.status != 200:
            raise Broken(f"{self.person.email}: {page.status} {page.url}: {page.heading}")
        return page

    def accepted(self, page: Page) -> Page:
        """The page after a post that had to succeed."""
        if page.status != 200 or page.errors:
            raise Broken(f"{self.person.email}: {page.status} {page.url}: {page.errors or page.heading}")
        return page

    def walk(self, address: str, each: Callable[[Page], None]) -> None:
        """Every page of a list that is split over several."""
        page = self.open(address)
        while True:
            each(page)
            onward = [to for words, to in page.links if "下一页" in words]
            if not onward:
                return
            page = self.open(onward[0])
