"""The centre's and the public's pages in a real Chromium: they fit a phone and a desk, and axe is content."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import make_server

from services.review.app import App
from services.review.domain.case import Case
from services.review.domain.decision import Sizes
from services.review.domain.values import Eligibility, Finding, Mark, Outcome, Report, Score
from services.review.handlers.accounts import session_token
from services.review.handlers.assignment import make_round
from services.review.handlers.campaign import load_campaign_draft, publish_campaign
from services.review.handlers.contacts import ContactDetails, enter_contact
from services.review.handlers.decision import fix_sizes, publish_decision
from services.review.handlers.disqualification import propose_disqualification
from services.review.handlers.late import permit_late
from services.review.handlers.transfers import offer_transfer
from shared.campaign.model import Campaign
from shared.web.assets import BUILT
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.review.conftest import SCREENING, staff_account, submitted_case
from tests.review.turning import Turning

AXE = Path("node_modules/axe-core/axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOTS = os.environ.get("ZHENGJI_SHOTS", "")
TITLES = (
    "“智研共同体”：县域教师数字素养提升的三年实践",
    "一屏双师：山区小规模学校平台研修的常态化路径",
    "名师工作室“三阶四环”线上研修模式的构建与应用",
    "以平台数据驱动的区域教研转型",
    "从“听评课”到“研究课”：校本研修的平台支撑",
)
PEOPLE = ("陈思远", "欧阳慧敏", "古丽米热·艾合买提", "王磊", "李静怡", "扎西顿珠", "赵文博")
PROVINCES = ("320000", "510000", "420000", "650000", "440000")

pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None or not (BUILT / "manifest.json").exists(),
    reason="needs Debian's Chromium and the built front end: npm ci && npm run build",
)


@pytest.fixture
def world(app: App, campaign: Campaign) -> dict[str, str]:
    """A campaign in the middle of everything; gives the ids that addresses need."""
    turning = Turning(app)
    load_campaign_draft(app, campaign)
    publish_campaign(app, campaign_id=campaign.id, by="administrator")
    turning.turn()
    staff_account(app, "administrator", name="郑主任")
    staff_account(app, "officer", name="钱进")
    staff_account(app, "province", name="林芳")
    contact_id = ""
    for at, province in enumerate(PROVINCES[1:3]):
        details = ContactDetails(
            province=province,
            name=PEOPLE[at],
            unit=f"{campaign.province(province).name}电化教育馆",
            mobile=f"1380000000{at}",
            email=f"lianxiren{at}@example.com",
        )
        contact_id = enter_contact(app, details=details, received=SCREENING, by="officer", command=f"c{at}")
    experts = [
        staff_account(
            app,
            "expert",
            id=f"expert-{at}",
            name=PEOPLE[at],
            mobile=f"1370000000{at}",
            province=("110000", "310000", "330000")[at % 3],
            unit=f"{('北京', '上海', '杭州')[at % 3]}师范大学",
            statement_at=SCREENING,
        )
        for at in range(6)
    ]
    categories = [one.code for one in campaign.categories]
    for number in range(60):
        _case(app, number, categories[number % 3], stage=number % 6, experts=[one.id for one in experts])
    make_round(app, round_id="round", campaign_id=campaign.id, k=3, by="officer", at=SCREENING)
    make_round(app, round_id="short", campaign_id=campaign.id, k=7, by="officer", at=SCREENING)
    proposal = propose_disqualification(
        app,
        case_id="case-005",
        reason="fraud",
        statement="案例中的问卷数据与学校台账不一致。",
        evidence="省级单位核查报告，2024年10月20日，存中心档案室。",
        by="officer",
        command="p",
    )
    for at, days in enumerate((2, 5)):
        permit_late(
            app,
            campaign=campaign,
            text=f"1360000000{at}",
            expires_at=SCREENING + timedelta(days=days),
            reason="截止当晚本地停电，学校已出具说明。",
            by="officer",
            command=f"late-{at}",
        )
    turning.turn()
    return {"contact": contact_id, "proposal": proposal}


def _case(app: App, number: int, category: str, *, stage: int, experts: list[str]) -> Case:
    """A case that has come as far as ``stage`` (0 to 5)."""
    rubric = app.campaigns.current().category(category).rubric
    trio = tuple(experts[(number + at) % len(experts)] for at in range(3))
    scores = tuple(
        Score(
            expert_id=expert,
            marks={criterion.code: criterion.weight * 0.8 for criterion in rubric},
            total=float(70 + number % 20 + at * 4),
        )
        for at, expert in enumerate(trio)
    )
    finding = Finding(code="TOO_LONG", severity="failed", message="正文3120字，超过3000字。", place="全文")
    return submitted_case(
        app,
        f"case-{number:03d}",
        title=TITLES[number % 5],
        category=category,
        province=PROVINCES[number % 5],
        report=Report(
            case_version=1,
            outcome="failed" if number % 7 == 0 else "passed",
            findings=(finding,) if number % 7 == 0 else (),
            words_low=2986,
            words_high=2990,
        ),
        mark=Mark.RECOMMENDED if stage else Mark.NONE,
        recommended_at=SCREENING if stage else None,
        eligibility=Eligibility(eligible=True, reason="", by="officer", at=SCREENING) if stage > 1 else None,
        expert_ids=trio if stage > 2 else (),
        scores=scores if stage > 3 else (scores[:1] if stage == 3 else ()),
        mean=round(sum(score.total for score in scores) / 3, 4) if stage > 3 else None,
    )


@pytest.fixture
def base(web: Flask) -> Iterator[str]:
    """The address of a running review."""
    server = make_server("127.0.0.1", 0, SharedDataMiddleware(web, {"/assets": str(BUILT)}), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def test_pages_fit_and_axe_is_content(app: App, world: dict[str, str], campaign: Campaign, base: str) -> None:
    waiting = {
        "desk": "/centre",
        "campaign": "/centre/campaign",
        "extend": "/centre/campaign/extend",
        "places": "/centre/campaign/places",
        "late": "/centre/late",
        "late-give": "/centre/late/new",
        "contacts": "/centre/contacts",
        "contact": f"/centre/contacts/{world['contact']}",
        "contact-new": "/centre/contacts/new",
        "accounts": "/centre/accounts",
        "code": "/centre/accounts/province/code",
        "eligibility": "/centre/eligibility",
        "eligibility-case": "/centre/eligibility/case-001",
        "eligibility-many": "/centre/eligibility/confirm?all=y",
        "experts": "/centre/experts",
        "import": "/centre/experts/import",
        "assignment": "/centre/assignment",
        "round": "/centre/assignment/round",
        "short": "/centre/assignment/short",
        "scores-closed": "/centre/scores",
        "sizes": "/centre/decision/sizes",
        "cases": "/centre/cases",
        "case": "/centre/cases/case-005",
        "province": "/centre/cases/case-010/province",
        "propose": "/centre/cases/case-010/disqualification",
        "proposals": "/centre/disqualifications",
        "proposal": f"/centre/disqualifications/{world['proposal']}",
        "shortlists": "/centre/shortlists",
        "record": "/centre/record?verify=1",
        "results-before": "/results",
    }
    decided = {
        "decision": "/centre/decision",
        "by-hand": "/centre/decision/cases/case-004",
        "publish": "/centre/decision/publish",
        "scores": "/centre/scores",
    }
    published = {
        "decision-published": "/centre/decision",
        "results": "/results",
        "result": "/results/case-058",
        "showcase": "/showcase",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = browser.new_context(base_url=base, locale="zh-CN", bypass_csp=True)
        token = session_token(app, app.accounts.get("administrator"))
        context.add_cookies([{"name": "staff", "value": token, "url": base}])
        page = context.new_page()
        faults = _look(page, waiting)
        sizes = [Sizes(category=one.code, exemplary=2, showcase=3) for one in campaign.categories]
        fix_sizes(app, sizes=sizes, by="administrator")
        faults += _look(page, decided)
        _publish(app, campaign)
        faults += _look(page, published)
        browser.close()
    assert faults == []


def test_pages_between_provinces_fit_and_axe_is_content(
    app: App, world: dict[str, str], campaign: Campaign, base: str
) -> None:
    reason = "作者已于2024年9月调入江苏省工作，人事关系证明已核对。"
    staff_account(app, "province", id="sichuan", province="510000", mobile="13911110009")
    transfer = offer_transfer(
        app,
        case_id="case-001",
        province="510000",
        to="320000",
        reason=reason,
        by="sichuan",
        received=SCREENING,
        command="t",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = browser.new_context(base_url=base, locale="zh-CN", bypass_csp=True)
        token = session_token(app, app.accounts.get("province"))
        context.add_cookies([{"name": "staff", "value": token, "url": base}])
        pages = {
            "province-desk": "/province",
            "province-transfers": "/province/transfers",
            "province-accept": f"/province/transfers/{transfer}/accept",
            "province-decline": f"/province/transfers/{transfer}/decline",
            "province-offer": "/province/cases/case-000/transfer",
            "province-case": "/province/cases/case-000",
        }
        faults = _look(context.new_page(), pages)
        browser.close()
    assert faults == []


def _publish(app: App, campaign: Campaign) -> None:
    """Whoever is still being judged is out of the way; ties are decided; the list is published."""
    for row in list(app.cases.rows({"eligibility.eligible": True, "mean": None}, only=("_id",))):
        app.cases.change(row["_id"], lambda case: _leave(case))
    from services.review.handlers.decision import decide_by_hand
    from services.review.queries.centre import decision_page

    for line in decision_page(app, campaign).lines:
        if line.ranked.tied:
            outcome = Outcome(line.outcome)
            decide_by_hand(app, case_id=line.line.id, outcome=outcome, reason="实践成效更突出", by="administrator")
    publish_decision(app, by="administrator")
    Turning(app).turn()


def _leave(case: Case) -> None:
    case.eligibility = None


def _look(page: Page, paths: dict[str, str]) -> list[str]:
    """What is wrong with the pages: too wide, or against the rules axe knows."""
    found = []
    for name, path in paths.items():
        for width in (375, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            answer = page.goto(path)
            if answer is None or answer.status != 200:
                found.append(f"{path}: {answer and answer.status}")
                continue
            over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if over > 0:
                found.append(f"{path} at {width}: {over} px too wide")
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"centre-{name}-{width}.png", full_page=True)
        if AXE.exists():
            page.add_script_tag(path=str(AXE))
            result = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
            found += [f"{path}: {one['id']} {one['nodes'][0]['target']}" for one in result["violations"]]
    return found
