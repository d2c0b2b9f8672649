"""After the bell a province lets a case go and another takes it, or the centre decides; the quota follows (I13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from services.review.app import App
from services.review.domain.shortlist import shortlist_id
from services.review.domain.values import Mark
from services.review.handlers import transfers as commands
from services.review.handlers.record import verify_record
from services.review.handlers.shortlists import recommend_cases
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.review import CaseMoved, CaseState, ShortlistChanged, TransferDeclined, TransferOffered
from shared.trouble import NotThere, Refused
from tests.review.conftest import SCREENING, Browser, staff_account
from tests.review.turning import Turning, a_case

JIANGSU, SICHUAN = "320000", "510000"
MOMENT = timedelta(milliseconds=1)
Login = Callable[..., Browser]


@pytest.fixture
def turning(app: App, campaign: Campaign) -> Turning:
    """A worker that has heard of one case of 江苏省."""
    worker = Turning(app)
    worker.submit(a_case(1, campaign=campaign, at=SCREENING - timedelta(days=8)))
    worker.turn()
    return worker


def listed(app: App, campaign: Campaign, province: str) -> tuple[str, ...]:
    found = app.shortlists.find(shortlist_id(campaign.id, province))
    return found.case_ids if found else ()


def recommend(app: App, province: str) -> int:
    return recommend_cases(app, province=province, case_ids=["case-0001"], by=province, received=SCREENING)


def offer(app: App, *, at: datetime = SCREENING, command: str = "offer", reason: str = "作者已调往四川") -> str:
    return commands.offer_transfer(
        app, case_id="case-0001", province=JIANGSU, to=SICHUAN, reason=reason, by=JIANGSU, received=at, command=command
    )


def accept(app: App, transfer_id: str, *, province: str = SICHUAN, at: datetime = SCREENING) -> None:
    commands.accept_transfer(
        app,
        transfer_id=transfer_id,
        province=province,
        reason="情况属实",
        by=province,
        received=at,
        command=f"accept-{province}",
    )


@pytest.fixture
def provinces(app: App) -> None:
    """A contact of each of the two provinces; the id of each account is its province."""
    staff_account(app, "province", id=JIANGSU, province=JIANGSU, mobile="13911110001")
    staff_account(app, "province", id=SICHUAN, province=SICHUAN, mobile="13911110002")


def test_a_recommended_case_frees_its_place_and_takes_none_until_it_is_recommended_anew(
    app: App, campaign: Campaign, turning: Turning, provinces: None
) -> None:
    recommend(app, JIANGSU)
    turning.turn()
    accept(app, offer(app))
    turning.turn()
    case = app.cases.get("case-0001")
    assert (case.province, case.mark, case.mark_reason) == (SICHUAN, Mark.NONE, "")
    assert (listed(app, campaign, JIANGSU), listed(app, campaign, SICHUAN)) == ((), ())
    assert turning.told(CaseState)[-1].province == SICHUAN
    (moved,) = turning.told(CaseMoved)
    assert (moved.source, moved.to, moved.reason) == (JIANGSU, SICHUAN, "转出：作者已调往四川；接收：情况属实")
    with pytest.raises(NotThere):
        recommend(app, JIANGSU)
    assert recommend(app, SICHUAN) == 1


def test_it_is_on_the_record_with_both_reasons(app: App, turning: Turning, provinces: None) -> None:
    accept(app, offer(app))
    turning.turn()
    entries = [(entry["what"], entry["why"]) for entry in app.record.entries(about="case-0001")]
    assert entries == [
        ("所属省份由江苏省变更为四川省", "转出：作者已调往四川；接收：情况属实"),
        ("申请将案例转往四川省", "作者已调往四川"),
    ]
    assert verify_record(app) is None


def test_a_mark_that_the_old_province_made_meanwhile_gives_its_place_back(
    app: App, campaign: Campaign, turning: Turning, provinces: None
) -> None:
    transfer = offer(app)
    accept(app, transfer)
    recommend(app, JIANGSU)  # before the news of the move have gone round
    turning.turn()
    case = app.cases.get("case-0001")
    assert (case.province, case.mark, listed(app, campaign, JIANGSU)) == (SICHUAN, Mark.NONE, ())
    assert len(turning.told(ShortlistChanged)) == 1


def test_a_later_version_does_not_bring_it_back(
    app: App, campaign: Campaign, turning: Turning, provinces: None, clock: FixedClock
) -> None:
    accept(app, offer(app))
    turning.turn()
    turning.submit(a_case(1, campaign=campaign, at=clock(), case_version=2))
    turning.turn()
    case = app.cases.get("case-0001")
    assert (case.case_version, case.province) == (2, SICHUAN)


def test_declined_it_stays_and_may_be_offered_again(app: App, turning: Turning, provinces: None) -> None:
    first = offer(app)
    commands.decline_transfer(
        app, transfer_id=first, province=SICHUAN, reason="查无此人", by=SICHUAN, received=SCREENING, command="no"
    )
    with pytest.raises(Refused, match="answered"):
        accept(app, first)
    turning.turn()
    assert app.cases.get("case-0001").province == JIANGSU
    assert [event.reason for event in turning.told(TransferDeclined)] == ["查无此人"]
    assert offer(app, command="again") != first


def test_a_form_sent_twice_offers_once_and_two_offers_are_one_too_many(
    app: App, turning: Turning, provinces: None
) -> None:
    first = offer(app)
    assert offer(app) == first
    with pytest.raises(Refused, match="offered-already"):
        offer(app, command="another")
    accept(app, first)
    accept(app, first)
    turning.turn()
    assert offer(app) == first
    assert (len(turning.told(TransferOffered)), len(turning.told(CaseMoved))) == (1, 1)


@pytest.mark.parametrize("province", [JIANGSU, "330000"])
def test_only_the_province_it_is_offered_to_answers(app: App, turning: Turning, provinces: None, province: str) -> None:
    with pytest.raises(NotThere):
        accept(app, offer(app), province=province)


@pytest.mark.parametrize("at", ["submission", "recommendation"])
def test_it_has_its_time(app: App, campaign: Campaign, turning: Turning, provinces: None, at: str) -> None:
    window = campaign.windows.recommendation
    early, late = campaign.windows.submission.closes - MOMENT, window.closes
    with pytest.raises(Refused, match="not-closed" if at == "submission" else "closed"):
        offer(app, at=early if at == "submission" else late)
    transfer = offer(app, at=window.closes - MOMENT)
    with pytest.raises(Refused, match="closed"):
        accept(app, transfer, at=late)


def test_the_centre_decides_with_a_reason(app: App, turning: Turning, provinces: None) -> None:
    for _ in range(2):
        commands.decide_province(
            app, case_id="case-0001", to=SICHUAN, reason="两省意见不一", by="officer", command="decide"
        )
    turning.turn()
    assert app.cases.get("case-0001").province == SICHUAN
    (moved,) = turning.told(CaseMoved)
    assert moved.reason == "中心决定：两省意见不一"
    with pytest.raises(Refused, match="reason-missing"):
        commands.decide_province(app, case_id="case-0001", to=JIANGSU, reason=" ", by="officer", command="other")
    with pytest.raises(Refused, match="same-province"):
        commands.decide_province(app, case_id="case-0001", to=SICHUAN, reason="再次", by="officer", command="third")


# On the pages


def test_two_provinces_do_it_on_their_pages(app: App, turning: Turning, logged_in: Login) -> None:
    jiangsu = logged_in("province", id="js", province=JIANGSU, mobile="13911110003")
    sichuan = logged_in("province", id="sc", province=SICHUAN, mobile="13911110004")
    jiangsu.open("/province/cases/case-0001")
    assert "申请转往其他省份" in jiangsu.text()
    assert sichuan.open("/province/cases/case-0001").status_code == 404
    jiangsu.open("/province/cases/case-0001/transfer")
    assert jiangsu.post("/province/cases/case-0001/transfer", target=SICHUAN, reason="").status_code == 422
    assert jiangsu.errors() == ["请填写理由，理由将存档，作者会看到。"]
    assert jiangsu.post("/province/cases/case-0001/transfer", target=SICHUAN, reason="已调往四川").status_code == 303
    sichuan.open("/province")
    assert "有1件案例申请转到本省，请办理。" in sichuan.text()
    sichuan.open("/province/transfers")
    assert "待本省办理" in sichuan.text() and "已调往四川" in sichuan.text()
    (transfer,) = app.transfers.rows({})
    accept_page = f"/province/transfers/{transfer['_id']}/accept"
    assert jiangsu.open(accept_page).status_code == 404
    assert sichuan.fill(accept_page, reason="属实").status_code == 303
    turning.turn()
    assert sichuan.open("/province/cases/case-0001").status_code == 200
    assert jiangsu.open("/province/cases/case-0001").status_code == 404
    jiangsu.open("/province/transfers")
    assert "已接收" in jiangsu.text() and "属实" in jiangsu.text()


def test_the_centre_does_it_on_its_page(app: App, turning: Turning, logged_in: Login) -> None:
    officer = logged_in("officer", id="officer-1", mobile="13911110005")
    officer.open("/centre/cases/case-0001")
    assert 'href="/centre/cases/case-0001/province"' in officer.page
    page = "/centre/cases/case-0001/province"
    assert officer.fill(page, target="", reason="核实").status_code == 422
    assert officer.typed("reason") == "核实"
    assert officer.fill(page, target=SICHUAN, reason="核实").status_code == 303
    turning.turn()
    officer.open("/centre/cases/case-0001")
    assert "四川省" in officer.text() and "所属省份由江苏省变更为四川省" in officer.text()


def test_helpers_and_experts_move_nothing(app: App, turning: Turning, logged_in: Login) -> None:
    for role in ("helper", "expert"):
        browser = logged_in(role)
        for page in ("/province/transfers", "/province/cases/case-0001/transfer", "/centre/cases/case-0001/province"):
            assert browser.open(page).status_code == 403
