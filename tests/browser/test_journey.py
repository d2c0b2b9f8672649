"""One case, by hand in a real browser: from a 60 MB upload to a certificate that a stranger verifies."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from shared.campaign.loading import load_campaign
from shared.campaign.pacing import PacedWindow, paced
from shared.clock import system_clock
from shared.web.assets import BUILT
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.browser.people import SLOW, Visitor
from tests.journeys.faulty import FaultyStack
from zhengji.campaigns import renamed
from zhengji.play import documents
from zhengji.play.cast import make_cast
from zhengji.play.materials import large_pdf
from zhengji.play.prose import tell_story
from zhengji.play.screen import Screen
from zhengji.play.script import Play
from zhengji.plays import RealBackstage, real_world

ALBUM = Path("build/screenshots/journey")
MEGABYTE = 1024 * 1024
PACE: dict[PacedWindow, float] = {"contact_forms": 15, "submission": 65, "recommendation": 45, "review": 60}

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        shutil.which(CHROMIUM) is None or not (BUILT / "manifest.json").exists(),
        reason="needs Debian's Chromium and the built front end: npm ci && npm run build",
    ),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def play(faulty: FaultyStack) -> Iterator[Play]:
    """A campaign with one province and three experts, published; windows open one after another from now on."""
    run = str(int(time.time()))
    rules = renamed(load_campaign(Path("campaigns/2024-teacher-training.yaml")), f"2024-browser-{run}")
    backstage = RealBackstage(faulty.places.var)
    world = real_world(faulty.settings, threads=3)
    play = Play(
        world=world,
        cast=make_cast(rules, run=run, provinces=1, cases=1, experts=3),
        campaign=paced(rules, system_clock(), PACE),
        backstage=backstage,
        screen=Screen(),
    )
    with faulty.alone(), closing(world):
        play.open_campaign()
        play.let_provinces_in()
        play.invite_experts()
        yield play


def test_a_case_goes_from_a_browser_to_a_verified_certificate(
    play: Play, chromium: Browser, faulty: FaultyStack, tmp_path: Path
) -> None:
    def visitor() -> Visitor:
        return Visitor(chromium, url=faulty.settings["ZHENGJI_PUBLIC_URL"], album=ALBUM)

    case_id = hand_in(visitor(), play, tmp_path)
    recommend(visitor(), play, case_id)
    play.wait_for("recommendation", opens=False)
    play.world.until("the sealed shortlist", lambda: play.centre.recommended() == 1 or None, seconds=120)
    confirm_eligibility(visitor(), play, case_id)
    play.centre.fix_sizes()
    play.centre.assign()
    score(visitor, play, case_id)
    decide(visitor(), play)
    verify(visitor(), play)


def hand_in(author: Visitor, play: Play, tmp_path: Path) -> str:
    """Register, write, upload 60 MB, submit; gives the case's id."""
    plan = play.cast.cases[0]
    person = plan.author
    story = tell_story(Random(7), category="region", unit=person.unit, province=person.province_name, words=2500)
    author.open("/", shoot="front")
    author.open("/register", shoot="register")
    author.fill(
        {
            "name": person.name,
            "province": play.cast.provinces[0].code,
            "city": "第一市",
            "county": "城关区",
            "unit": person.unit,
            "unit_type": play.campaign.unit_types[0].code,
            "role": play.campaign.roles[0].code,
            "email": person.email,
            "mobile": person.mobile,
            "password": person.password,
            "password_again": person.password,
            "privacy": True,
        }
    )
    author.press("注册")
    author.open("/cases/new", shoot="new")
    author.fill({"title": story.title, "category": "region"})
    author.press("建立草稿")
    case_id = author.page.url.rsplit("/", 1)[-1]
    author.shoot("draft")
    author.open(f"/cases/{case_id}/sheet")
    author.fill({"summary": story.summary})
    author.shoot("sheet")
    author.press("保存并继续")
    author.open(f"/cases/{case_id}/authors", shoot="authors")
    author.fill({"people-0-title": "高级教师"})
    author.press("保存并继续")
    document = tmp_path / "案例介绍文档.docx"
    document.write_bytes(documents.case_document(story, documents.Shape.STYLED))
    upload(author, f"/cases/{case_id}/document", document)
    large = tmp_path / "研修成果汇编.pdf"
    large.write_bytes(large_pdf(60 * MEGABYTE))
    upload(author, f"/cases/{case_id}/materials", large, kind="other")
    author.shoot("materials")
    author.open(f"/cases/{case_id}/declaration", shoot="declaration")
    author.fill({"sources": "无", "minors": "none", "declared": True})
    for consent in play.campaign.texts.consents:
        author.fill({f"consent_{consent.code}": True})
    author.press("保存并核对")
    author.open(f"/cases/{case_id}/check", shoot="check")
    play.wait_for("submission", opens=True)
    author.open(f"/cases/{case_id}/check")
    author.press("确认报送")
    author.sees("案例已报送")
    author.page.locator("details summary", has_text="技术信息").click()
    author.sees(hashlib.sha256(large.read_bytes()).hexdigest())
    author.shoot("receipt")
    author.open(f"/cases/{case_id}", shoot="submitted")
    author.close()
    return case_id


def upload(author: Visitor, path: str, file: Path, *, kind: str = "") -> None:
    """Choose a file as a person does; the script sends it to the store and the page shows it."""
    author.open(path)
    if kind:
        author.fill({"kind": kind})
    author.page.set_input_files('main input[type="file"]', str(file))
    start = author.page.get_by_role("button", name="上传", exact=True)
    if start.is_visible():
        start.click()
    expect(author.page.locator("li.zj-task", has_text=file.name)).to_be_visible(timeout=SLOW)


def recommend(clerk: Visitor, play: Play, case_id: str) -> None:
    """The province reads the case, recommends it and submits its list."""
    play.wait_for("recommendation", opens=True)
    clerk.log_in_as(play.clerks[0].staff)
    clerk.open("/province", shoot="province")
    clerk.open("/province/cases", shoot="province-cases")
    clerk.open(f"/province/cases/{case_id}", shoot="province-case")
    clerk.open(f"/province/cases/{case_id}/mark")
    clerk.fill({"mark": "recommended"})
    clerk.press("保存")
    clerk.open("/province/shortlist", shoot="province-shortlist")
    clerk.open("/province/shortlist/confirm")
    clerk.press("提交")
    clerk.open("/province/shortlist/summary", shoot="province-summary")
    clerk.close()


def confirm_eligibility(officer: Visitor, play: Play, case_id: str) -> None:
    """The centre goes down its checklist."""
    officer.log_in_as(play.centre.staff)
    officer.open(f"/centre/eligibility/{case_id}")
    officer.fill({"decision": "yes"})
    for point in officer.page.locator('main [name="points"]').all():
        point.check()
    officer.shoot("centre-eligibility")
    officer.press("保存")
    officer.close()


def score(visitor: Callable[[], Visitor], play: Play, case_id: str) -> None:
    """Three experts score; one of them by hand in the browser."""
    by_hand, *others = play.judges
    for judge in others:
        play.world.until("a case to score", judge.tasks)
        assert judge.score_all() == 1
    expert = visitor()
    expert.log_in_as(by_hand.staff)
    expert.open("/expert", shoot="expert")
    expert.open(f"/expert/cases/{case_id}", shoot="expert-case")
    rubric = play.campaign.category("region").rubric
    expert.fill({criterion.code: str(criterion.weight - 1) for criterion in rubric} | {"comment": "可推广。"})
    expert.press("提交评分")
    assert expert.page.url.endswith("/expert"), expert.page.locator("main").inner_text()
    expert.close()


def decide(officer: Visitor, play: Play) -> None:
    """The centre looks at the ranking and publishes with one press."""
    play.wait_for("publication", opens=True)
    officer.log_in_as(play.centre.staff)
    officer.open("/centre", shoot="centre")
    officer.open("/centre/scores", shoot="centre-scores")
    officer.open("/centre/decision", shoot="centre-decision")
    officer.open("/centre/record", shoot="centre-record")
    officer.close()
    play.centre.decide_and_publish()


def verify(anybody: Visitor, play: Play) -> None:
    """A stranger finds the case, its certificate, and that it is genuine."""
    person = play.cast.cases[0].author
    play.world.until("the list", lambda: (anybody.page.goto("/results") and "典型" in anybody.page.content()) or None)
    anybody.open("/results", shoot="results")
    deadline = time.monotonic() + 120
    while True:
        anybody.open("/certificates")
        anybody.fill({"name": person.name, "last_four": person.mobile[-4:]})
        anybody.press("查询")
        found = re.search(r"\d{4}[A-Z]-[0-9A-Z]{4}-[0-9A-Z]{4}", anybody.page.content())
        if found:
            break
        assert time.monotonic() < deadline, "no certificate was found"
    anybody.shoot("certificate-found")
    anybody.open(f"/certificates/verify/{found[0]}")
    anybody.sees("有效")
    anybody.shoot("certificate-verified")
    anybody.close()
