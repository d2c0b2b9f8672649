"""A browser as the platform's people have one: pages, links, forms, cookies; no scripts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx
from lxml import html

Value = str | bool | Sequence[str]
"""What is put into a field: words, a tick, or the values of several ticks."""

_NOBODY_HOME = frozenset({502, 503, 504})
_TOO_FAST = 429
_MOST_REDIRECTS = 10
_PAUSE = 0.5
GO_ON = "继续提交"
"""The button of a page that carries a form on."""


class Broken(Exception):
    """The platform did what it never may: a server error, a page without its form, a link that leads nowhere."""


@dataclass(frozen=True)
class File:
    """A file chosen in a form."""

    name: str
    content: bytes
    type: str = "application/octet-stream"


class Form:
    """A form on a page, with the values that stand in it; hidden ones too."""

    def __init__(self, page: Page, element: Any) -> None:
        self._page = page
        self._element = element

    @property
    def action(self) -> str:
        """Where it goes, whole."""
        return str(urljoin(self._page.url, self._element.get("action") or self._page.url))

    @property
    def method(self) -> str:
        """get or post."""
        return str(self._element.get("method") or "get").lower()

    @property
    def names(self) -> list[str]:
        """The fields it has."""
        return [name for name in self._element.fields if name]

    @property
    def buttons(self) -> list[str]:
        """What its buttons say."""
        return [_words(button) for button in self._buttons()]

    def choices(self, name: str) -> dict[str, str]:
        """The words of a choice's options, each with its value."""
        found = {}
        for option in self._element.xpath(".//select[@name=$name]//option", name=name):
            found[_words(option)] = option.get("value", _words(option))
        for box in self._element.xpath(".//input[@name=$name][@type='radio' or @type='checkbox']", name=name):
            found[self._label(box)] = box.get("value", "on")
        return found

    def values(self) -> list[tuple[str, str]]:
        """What would be sent now."""
        return [(name, value) for name, value in self._element.form_values() if name]

    def has(self, field: str) -> bool:
        """Whether it has a field of this name or label."""
        return self._name(field) is not None

    def fill(self, field: str, value: Value) -> None:
        """Fill one field, found by its name or by its label's words."""
        name = self._name(field)
        if name is None:
            raise Broken(f"{self._page.url}: the form has no field {field!r}, only {self.names}")
        inputs = self._element.xpath(".//*[@name=$name]", name=name)
        kind = (inputs[0].get("type") or inputs[0].tag).lower()
        if kind in ("checkbox", "radio"):
            self._tick(inputs, value)
        elif inputs[0].tag == "select":
            self._choose(inputs[0], value)
        elif inputs[0].tag == "textarea":
            inputs[0].text = str(value)
        else:
            inputs[0].set("value", str(value))

    def button(self, words: str | None) -> tuple[str, str] | None:
        """The name and value that a button adds; without words the first button's."""
        buttons = self._buttons()
        if words is not None:
            buttons = [button for button in buttons if words in _words(button)]
            if not buttons:
                raise Broken(f"{self._page.url}: no button says {words!r}, only {self.buttons}")
        if not buttons or not buttons[0].get("name"):
            return None
        return (buttons[0].get("name"), buttons[0].get("value", ""))

    def _buttons(self) -> list[Any]:
        own = self._element.xpath(".//button[not(@type) or @type='submit'] | .//input[@type='submit']")
        elsewhere = self._element.get("id")
        if elsewhere:
            own += self._page.tree.xpath("//button[@form=$id]", id=elsewhere)
        return list(own)

    def _name(self, field: str) -> str | None:
        if field in self.names:
            return field
        for label in self._element.xpath(".//label[@for]"):
            if _words(label) == field:
                named = self._element.xpath(".//*[@id=$id]/@name", id=label.get("for"))
                if named:
                    return str(named[0])
        for legend in self._element.xpath(".//fieldset/legend"):
            if _words(legend) == field:
                named = legend.getparent().xpath(".//*[@name]/@name")
                if named:
                    return str(named[0])
        return None

    def _label(self, box: Any) -> str:
        labels = self._element.xpath(".//label[@for=$id]", id=box.get("id", ""))
        return _words(labels[0]) if labels else str(box.get("value", "on"))

    def _tick(self, boxes: Sequence[Any], value: Value) -> None:
        wanted = [value] if isinstance(value, str) else value
        met = 0
        for box in boxes:
            chosen = wanted if isinstance(wanted, bool) else {box.get("value", "on"), self._label(box)} & set(wanted)
            met += bool(chosen)
            if chosen:
                box.set("checked", "checked")
            elif "checked" in box.attrib:
                del box.attrib["checked"]
        if wanted and not met:
            raise Broken(f"{self._page.url}: no box for {value!r}, only {[self._label(box) for box in boxes]}")

    def _choose(self, select: Any, value: Value) -> None:
        wanted = {str(value)} if isinstance(value, str | bool) else set(value)
        met = 0
        for option in select.xpath(".//option"):
            option.attrib.pop("selected", None)
            if {option.get("value", _words(option)), _words(option)} & wanted:
                option.set("selected", "selected")
                met += 1
        if not met:
            raise Broken(f"{self._page.url}: no option {value!r}")


class Page:
    """What one request brought."""

    def __init__(self, response: httpx.Response) -> None:
        self.url = str(response.url)
        self.status = response.status_code
        self.content = response.content
        self.headers = response.headers
        self._tree: Any = None

    @property
    def tree(self) -> Any:
        """The page as elements."""
        if self._tree is None:
            self._tree = html.document_fromstring(self.content.decode("utf-8", "replace") or "<html></html>")
        return self._tree

    @property
    def path(self) -> str:
        """The address without host."""
        return httpx.URL(self.url).path

    @property
    def heading(self) -> str:
        """The first heading's words."""
        found = self.tree.xpath("//h1")
        return _words(found[0]) if found else ""

    @property
    def text(self) -> str:
        """All words of the page's main part; what stands in different elements is apart."""
        found = self.tree.xpath("//main") or self.tree.xpath("//body")
        return " ".join(" ".join(found[0].itertext()).split()) if found else ""

    @property
    def errors(self) -> list[str]:
        """What the page says is wrong with what was posted."""
        summary = self.tree.xpath("//*[contains(@class,'govuk-error-summary')]//li")
        beside = self.tree.xpath("//*[contains(@class,'govuk-error-message')]")
        return [_words(each) for each in summary or beside]

    @property
    def links(self) -> list[tuple[str, str]]:
        """Words and whole address of each link."""
        return [(_words(a), urljoin(self.url, a.get("href"))) for a in self.tree.xpath("//a[@href]")]

    @property
    def forms(self) -> list[Form]:
        """Every form on the page."""
        return [Form(self, form) for form in self.tree.forms]

    def link(self, words: str = "", *, to: str = "") -> str:
        """The address of the first link whose words hold ``words`` and whose address holds ``to``."""
        for said, address in self.links:
            if words in said and to in address:
                return address
        raise Broken(f"{self.url}: no link {words or to!r}")

    def form(self, *, field: str = "", button: str = "", to: str = "") -> Form:
        """The first form that has this field and this button and goes to an address that holds ``to``."""
        for form in self.forms:
            if field and not form.has(field):
                continue
            if button and not any(button in words for words in form.buttons):
                continue
            if to and to not in form.action:
                continue
            if form.method == "post" or not (field == button == to == ""):
                return form
        raise Broken(
            f"{self.status} {self.url} ({self.heading}): no form {field or button or to!r} in {self.text[:300]}"
        )

    def facts(self) -> list[dict[str, str]]:
        """Each summary list as words by key."""
        return [
            {_words(row.xpath("./dt")[0]): _words(row.xpath("./dd")[0]) for row in listed.xpath("./div[dt and dd]")}
            for listed in self.tree.xpath("//dl[contains(@class,'govuk-summary-list')]")
        ]

    def rows(self) -> list[list[str]]:
        """The cells of every table row in the page's bodies."""
        return [[_words(cell) for cell in row.xpath("./td|./th")] for row in self.tree.xpath("//tbody/tr")]


class Browser:
    """One person's browser: keeps cookies, follows redirects, tries again for ``patience`` seconds where nobody is
    home (a program is restarting) and never takes a server error for an answer."""

    def __init__(
        self, client: httpx.Client, *, patience: float = 30.0, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self._patience = patience
        self._pause = pause
        self.tries_again = 0
        self._gone_on: set[str] = set()

    def open(self, address: str) -> Page:
        """The page at an address."""
        return Page(self._ask("GET", address))

    def follow(self, page: Page, words: str = "", *, to: str = "") -> Page:
        """The page a link leads to."""
        return self.open(page.link(words, to=to))

    def submit(
        self,
        form: Form,
        values: Mapping[str, Value] | None = None,
        *,
        files: Mapping[str, File] | None = None,
        button: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Page:
        """Fill a form and press a button; ``more`` are fields that the page has no place for.

        What comes back may be the same form with messages.
        """
        for name, value in (values or {}).items():
            form.fill(name, value)
        pairs = [*form.values(), *(more or {}).items()]
        pressed = form.button(button)
        if pressed:
            pairs = [*[pair for pair in pairs if pair[0] != pressed[0]], pressed]
        if form.method == "get":
            return Page(self._ask("GET", form.action, params=pairs))
        data: dict[str, list[str]] = {}
        for name, text in pairs:
            data.setdefault(name, []).append(text)
        parts = {name: (file.name, file.content, file.type) for name, file in (files or {}).items()}
        headers = {"Referer": form._page.url}
        return self._go_on(Page(self._ask("POST", form.action, data=data, files=parts or None, headers=headers)))

    def _go_on(self, page: Page) -> Page:
        """Where a page had expired, its fields come back with a button that goes on: press it."""
        kept = [form for form in page.forms if page.status == 400 and GO_ON in form.buttons]
        if not kept or page.url in self._gone_on:
            self._gone_on.clear()
            return page
        self._gone_on.add(page.url)
        self.tries_again += 1
        self._pause(_PAUSE)
        return self.submit(kept[0], button=GO_ON)

    def call(self, method: str, address: str, body: Any = None, *, token: str = "") -> Any:
        """What a page's own script would ask: JSON to JSON; Refusal when the answer is a problem."""
        return self._answered(method, address, token, json=body)

    def send(self, address: str, fields: Mapping[str, str]) -> Any:
        """What a page's own script sends of a form it watches; Refusal when the answer is a problem."""
        return self._answered("POST", address, fields["csrf_token"], data=fields)

    def _answered(self, method: str, address: str, token: str, **how: Any) -> Any:
        headers = {"Accept": "application/json"} | ({"X-CSRFToken": token} if token else {})
        response = self._ask(method, address, headers=headers, **how)
        if response.status_code >= 400:
            raise Refusal(response.status_code, response.json())
        return response.json() if response.content else None

    def fetch(self, address: str) -> bytes:
        """A download."""
        response = self._ask("GET", address)
        if response.status_code != 200:
            raise Broken(f"{response.status_code} {address}")
        return response.content

    def _ask(self, method: str, address: str, **how: Any) -> httpx.Response:
        deadline = time.monotonic() + self._patience
        while True:
            response = self._once(method, address, **how)
            if response is not None and response.status_code not in (*_NOBODY_HOME, _TOO_FAST):
                break
            if time.monotonic() > deadline:
                state = response.status_code if response is not None else "nobody answers"
                raise Broken(f"{state}: {method} {address} for {self._patience:.0f} s")
            self.tries_again += 1
            how = self._come_again(response, how)
        for _ in range(_MOST_REDIRECTS):
            if response.status_code not in (301, 302, 303, 307, 308):
                break
            onward = response.headers["location"]
            response = self._ask("GET", urljoin(str(response.url), onward))
        if response.status_code >= 500:
            raise Broken(f"{response.status_code} {method} {response.url}: {Page(response).text[:300]}")
        return response

    def _come_again(self, response: httpx.Response | None, how: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Wait a moment; then the same is asked again."""
        self._pause(_PAUSE)
        return how

    def _once(self, method: str, address: str, **how: Any) -> httpx.Response | None:
        try:
            return self.client.request(method, address, follow_redirects=False, **how)
        except httpx.TransportError:
            return None


class Refusal(Exception):
    """A problem document: the rules said no to a script's request."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable word for it."""
        return str(self.problem.get("code", ""))


def _words(element: Any) -> str:
    return " ".join(str(element.text_content()).split())
