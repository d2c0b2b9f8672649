"""An author: registers, writes the sheet, uploads, hands in, changes, takes back, and keeps each receipt."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Any

from zhengji.play.book import Book, Receipt
from zhengji.play.browser import Broken, File, Form, Page, Refusal, Value
from zhengji.play.cast import CasePlan, Person, Signing, Twist
from zhengji.play.documents import case_document, encrypted
from zhengji.play.materials import MEGABYTE, Paper, large_pdf, pdf, picture, some_materials
from zhengji.play.world import World

_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")
_OUTCOME = re.compile("典型案例|展示案例|未入选|取消参加资格")


class Author:
    """One person at a browser; ``plan`` is the case they hand in."""

    def __init__(self, world: World, book: Book, plan: CasePlan, *, unit_type: str, role: str = "teacher") -> None:
        self._world = world
        self._book = book
        self.plan = plan
        self._me = plan.author
        self._unit_type = unit_type
        self._role = role
        self.browser = world.browser()
        self.case_id = ""
        self._sent: dict[str, str] = {}
        self._open_sheet: dict[str, str] = {}
        self._chance = Random(plan.key + plan.author.mobile)  # noqa: S311  # a play

    # Before the window

    def prepare(self) -> None:
        """Everything up to handing in."""
        register(self.browser, self._me, unit_type=self._unit_type, role=self._role)
        self._open_case()
        self._write_sheet()
        self._name_authors()
        self._upload_document()
        self._upload_materials()
        self._declare()

    def _open_case(self) -> None:
        form = self.browser.open("/cases/new").form(field="title")
        page = self.browser.submit(form, {"title": self.plan.story.title, "category": self.plan.category})
        found = re.fullmatch(r"/cases/([0-9a-f-]{36})", page.path)
        if found is None:
            raise Broken(f"no draft was made: {page.status} {page.url} {page.errors}")
        self.case_id = found[1]

    def _write_sheet(self) -> None:
        values: dict[str, Value] = {"summary": self.plan.story.summary}
        if self.plan.category == "studio":
            values |= {
                "studio_address": "https://basic.smartedu.cn/studio/" + self.plan.key,
                "studio_contribution": str(self._chance.randint(100, 480)),
                "studio_live_sessions": str(self._chance.randint(1, 12)),
            }
        self._post("sheet", values, field="summary", button="保存并继续")

    def _name_authors(self) -> None:
        values: dict[str, Value] = {}
        for place, person in enumerate(self.plan.people):
            values |= {
                f"people-{place}-name": person.name,
                f"people-{place}-unit": person.unit,
                f"people-{place}-title": person.title,
                f"people-{place}-mobile": person.mobile,
                f"people-{place}-email": person.email,
            }
        if self.plan.category == "studio":
            values["people-0-host"] = True
        if self.plan.twist is Twist.FOURTH_AUTHOR:
            self._try_a_fourth(values)
        self._post("authors", values, field="people-0-name", button="保存并继续")

    def _try_a_fourth(self, values: Mapping[str, Value]) -> None:
        form = self._page("authors").form(field="people-0-name")
        fourth = {"name": "第四人", "unit": self._me.unit, "title": "教师", "mobile": "13900000000"}
        more = {f"people-3-{name}": text for name, text in fourth.items()}
        page = self.browser.submit(form, values, button="保存并继续", more=more)
        self._refused("fourth author", page, "不超过3人")

    def _declare(self) -> None:
        if self.plan.co_authors and self.plan.signing is Signing.SCAN:
            self._upload("sheet", Paper("签名的附表1.png", picture(self._chance), ""))
        values: dict[str, Value] = {"sources": "无", "minors": "none", "declared": True}
        form = self._page("declaration").form(field="sources")
        values |= {name: True for name in form.names if name.startswith("consent_")}
        if form.has("signed_on_scan"):
            values["signed_on_scan"] = list(form.choices("signed_on_scan").values())
        self._accepted(self.browser.submit(form, values, button="保存并核对"))

    def _upload_document(self) -> None:
        plan = self.plan
        document = case_document(plan.story, plan.shape)
        name = f"{plan.story.aim}案例介绍文档.docx"
        if plan.twist is Twist.PART_MISSING:
            document = case_document(plan.story, plan.shape, without="特色与创新")
        elif plan.twist is Twist.PDF:
            self._refused_upload("PDF as document", "document", Paper("案例介绍文档.pdf", pdf(3), ""), "另存为")
        elif plan.twist in (Twist.ENCRYPTED, Twist.RENAMED_PDF):
            wrong = encrypted(document) if plan.twist is Twist.ENCRYPTED else pdf(4)
            self._upload("document", Paper(name, wrong, ""))
            self._blocked_by_check(name)
        self._upload("document", Paper(name, document, ""))

    def _blocked_by_check(self, name: str) -> None:
        """Wait for the check; a person is told on the page, and what is wrong stands beside the file."""

        def said() -> str | None:
            text = self._page("document").text
            return text if "不能使用，请更换" in text else None

        text = self._world.until(f"the check of {name}", said, seconds=120)
        self._book.keep_refusal(self.plan.twist.value, text[:200])

    def _upload_materials(self) -> None:
        plan = self.plan
        if plan.twist is Twist.TOO_BIG:
            self._try_too_big()
        papers = some_materials(self._chance, title=plan.story.title)
        if plan.twist is Twist.LARGE:
            papers = (Paper("研修成果汇编扫描件.pdf", large_pdf(60 * MEGABYTE), "other"), *papers)
        for paper in papers:
            self._upload("material", paper)

    def _try_too_big(self) -> None:
        """Announce more than 100 MB: the answer comes before a byte goes."""
        try:
            self._announce("material", "全程录像.mp4", "publicity", size=101 * MEGABYTE, sha256="0" * 64)
        except Refusal as refusal:
            self._expect("too big", str(refusal.problem.get("detail")), "100 MB")
        else:
            raise Broken("101 MB of materials were accepted")

    # Handing in

    def submit(self) -> Receipt:
        """Check the answers, confirm, keep the receipt."""
        return self.confirm(self.look_over())

    def look_over(self) -> Form:
        """Check the answers; the form with which they are confirmed."""
        return self._page("check").form(button="确认报送")

    def confirm(self, form: Form) -> Receipt:
        """Press the button, keep the receipt."""
        asked = self._world.now()
        page = self.browser.submit(form, button="确认报送")
        if not page.path.endswith("/receipt"):
            raise Broken(f"{self.plan.key}: no receipt but {page.status} {page.url}: {page.errors} {page.text[:300]}")
        receipt = self._read_receipt(page, asked=asked)
        self._book.keep(receipt)
        return receipt

    def _read_receipt(self, page: Page, *, asked: Any) -> Receipt:
        number = page.tree.xpath("//*[contains(@class,'zj-panel__number')]//strong")
        version = re.search(r"第(\d+)版", page.text)
        hashes = _SHA256.findall(
            " ".join(page.tree.xpath("//*[@data-file]//text()"))
        )  # every file that was handed in, with its own hash
        if not number or version is None or sorted(hashes) != sorted(self._sent.values()):
            raise Broken(f"{self.plan.key}: the receipt does not name what was sent: {page.text[:600]}")
        return Receipt(
            case_id=self.case_id,
            number=str(number[0].text_content()).strip(),
            version=int(version[1]),
            title=self.plan.story.title,
            category=self.plan.category,
            province=self._me.province,
            author=self._me.name,
            mobile=self._me.mobile,
            email=self._me.email,
            password=self._me.password,
            sha256=dict(self._sent),
            asked=asked,
            shown=self._world.now(),
        )

    def replace(self) -> Receipt:
        """Change document and summary, hand in again."""
        self._write_again("修改稿")
        self._upload(
            "document", Paper("修改后的案例介绍文档.docx", case_document(self.plan.story, self.plan.shape), "")
        )
        return self.submit()

    def rewrite(self, words: str) -> Receipt:
        """Change the summary alone, so that it ends with these words, and let the page save it; hand in again."""
        if not self._open_sheet:
            self._open_sheet = dict(self._page("sheet").form(field="summary").values())
        fields = {**self._open_sheet, "summary": self._summary(words), "then": "draft"}
        self._open_sheet = {}  # until it is known to be saved
        saved = self.browser.send(f"/cases/{self.case_id}/sheet", fields)
        self._open_sheet = {**fields, "rev": str(saved["rev"])}
        return self.submit()

    def _write_again(self, words: str) -> None:
        self._open_sheet = {}
        self._post("sheet", {"summary": self._summary(words)}, field="summary", button="保存并继续")

    def _summary(self, words: str) -> str:
        return f"{self.plan.story.summary}（{words}）"

    def withdraw(self) -> None:
        """Take the case back."""
        page = self.browser.submit(self._page("withdraw").form(button="撤回案例"), button="撤回案例")
        if "已撤回" not in page.text and "撤回" not in page.heading:
            raise Broken(f"{self.plan.key}: not withdrawn: {page.status} {page.url} {page.errors}")
        self._book.took_back(self.case_id)

    def report(self) -> str | None:
        """What the case's page says of the report on the version that counts; None while it is being made."""
        text = self.browser.open(f"/cases/{self.case_id}").text
        found = re.search(r"检查(?:通过|完成，有提示|未通过)", text)
        return found[0] if found else None

    def outcome(self) -> str | None:
        """The result as the case's page tells it, in its source or to the eye; None before it may be known."""
        page = self.browser.open(f"/cases/{self.case_id}")
        if page.path == "/login":
            log_in(self.browser, self._me)
            page = self.browser.open(f"/cases/{self.case_id}")
        found = _OUTCOME.search(page.content.decode())
        return found[0] if found else None

    # Uploading

    def _upload(self, role: str, paper: Paper) -> None:
        if self.plan.twist is Twist.WITHOUT_SCRIPT and len(paper.content) < 20 * MEGABYTE:
            self._upload_by_form(role, paper)
        else:
            self._upload_by_script(role, paper)
        if role != "material":
            self._sent = {name: sha for name, sha in self._sent.items() if not name.startswith(f"{role}:")}
        self._sent[f"{role}:{paper.name}"] = hashlib.sha256(paper.content).hexdigest()

    def _upload_by_form(self, role: str, paper: Paper) -> None:
        page = self._page({"document": "document", "material": "materials", "sheet": "declaration"}[role])
        form = page.form(to=f"/files/add/{role}")
        values: dict[str, Value] = {"kind": paper.kind} if paper.kind else {}
        self._accepted(self.browser.submit(form, values, files={"file": File(paper.name, paper.content)}))

    def _upload_by_script(self, role: str, paper: Paper) -> None:
        sha256 = hashlib.sha256(paper.content).hexdigest()
        upload = self._announce(role, paper.name, paper.kind, size=len(paper.content), sha256=sha256)
        address = f"{self._api}/{upload['upload_id']}"
        numbers = list(range(1, upload["parts"] + 1))
        urls = self._call("POST", f"{address}/parts", {"numbers": numbers})["urls"]
        with self._world.store() as store:
            for number in numbers:
                start = (number - 1) * upload["part_size"]
                content = paper.content[start : start + upload["part_size"]]
                sent = partial(_put, store, urls[str(number)], content)
                self._world.until(f"part {number} of {paper.name}", sent)
        self._call("POST", f"{address}/complete")

    def _announce(self, role: str, name: str, kind: str, *, size: int, sha256: str) -> Any:
        wish = {"role": role, "name": name, "kind": kind, "size": size, "sha256": sha256, "command": str(uuid.uuid4())}
        return self._call("POST", self._api, wish)

    def _refused_upload(self, tried: str, role: str, paper: Paper, words: str) -> None:
        try:
            self._upload(role, paper)
        except Refusal as refusal:
            self._expect(tried, str(refusal.problem.get("detail")), words)
        else:
            raise Broken(f"{tried} was accepted")

    @property
    def _api(self) -> str:
        return f"/api/intake/cases/{self.case_id}/uploads"

    def _call(self, method: str, address: str, body: Any = None) -> Any:
        """As the page's script does, with the token the page carries."""
        token = self._page("materials").tree.xpath("//input[@name='csrf_token']/@value")[0]
        return self.browser.call(method, address, body, token=str(token))

    # Pages

    def _page(self, name: str) -> Page:
        page = self.browser.open(f"/cases/{self.case_id}/{name}")
        if page.path == "/login":
            log_in(self.browser, self._me)
            page = self.browser.open(f"/cases/{self.case_id}/{name}")
        if page.status != 200:
            raise Broken(f"{self.plan.key}: {page.status} {page.url}: {page.heading}")
        return page

    def _post(self, name: str, values: Mapping[str, Value], *, field: str, button: str) -> Page:
        return self._accepted(self.browser.submit(self._page(name).form(field=field), values, button=button))

    def _accepted(self, page: Page) -> Page:
        if page.status != 200 or page.errors:
            raise Broken(
                f"{self.plan.key} ({self.plan.twist}): {page.status} {page.url}: {page.errors or page.heading}"
            )
        return page

    def _refused(self, tried: str, page: Page, words: str) -> None:
        if page.status not in (409, 413, 422):
            raise Broken(f"{tried} was accepted: {page.status} {page.url}")
        self._expect(tried, " ".join(page.errors), words)

    def _expect(self, tried: str, said: str, words: str) -> None:
        if words not in said:
            raise Broken(f"{tried}: the answer does not say {words!r} but {said!r}")
        self._book.keep_refusal(tried, said)


def _put(store: Any, url: str, content: bytes) -> bool:
    """Send one part; a store that is away is asked again."""
    import httpx

    try:
        response = store.put(url, content=content)
    except httpx.TransportError:
        return False
    if response.status_code >= 500:
        return False
    if response.status_code != 200:
        raise Broken(f"{response.status_code} from the object store: {response.text[:300]}")
    return True


def register(browser: Any, person: Person, *, unit_type: str, role: str) -> None:
    """Make an account; the person is signed in afterwards."""
    form = browser.open("/register").form(field="mobile")
    page = browser.submit(
        form,
        {
            "name": person.name,
            "province": person.province,
            "city": f"{person.province_name}第一市",
            "county": "城关区",
            "unit": person.unit,
            "unit_type": unit_type,
            "role": role,
            "email": person.email,
            "mobile": person.mobile,
            "password": person.password,
            "password_again": person.password,
            "privacy": True,
        },
    )
    if page.path != "/cases":
        raise Broken(f"not registered: {page.status} {page.url} {page.errors}")


def log_in(browser: Any, person: Person) -> None:
    """Sign in with mobile and password."""
    form = browser.open("/login").form(field="mobile")
    page = browser.submit(form, {"mobile": person.mobile, "password": person.password})
    if page.path == "/login":
        raise Broken(f"not signed in: {page.status} {page.errors}")


def confirm_as_co_author(world: World, person: Person, case_id: str, *, unit_type: str) -> None:
    """Register, read the case one is named in, and confirm the declaration."""
    browser = world.browser()
    register(browser, person, unit_type=unit_type, role="teacher")
    page = browser.open(f"/cases/{case_id}/read")
    if page.status != 200:
        raise Broken(f"a co-author cannot read the case: {page.status}")
    page = browser.submit(page.form(button="以本人账号确认"))
    if "您已于" not in page.text:
        raise Broken(f"not confirmed: {page.status} {page.errors}")
