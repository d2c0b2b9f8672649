"""The pages on which an expert promises, scores and steps back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from services.review.app import App
from services.review.domain.scoring import Review, ReviewState, review_id
from services.review.domain.values import Eligibility
from shared.clock import FixedClock
from shared.identity.secrets import hash_password
from tests.review.conftest import SCREENING, Browser, submitted_case

MARKS: dict[str, Any] = {"mechanism": "18", "resources": "22.5", "innovation": "20", "support": "12", "exchange": "13"}


def assigned(app: App, case_id: str, expert_id: str = "expert", **fields: Any) -> None:
    """A case that may be scored, given to an expert."""
    confirmed = Eligibility(eligible=True, reason="", by="officer", at=SCREENING)
    submitted_case(app, case_id, eligibility=confirmed, recommended_at=SCREENING, expert_ids=(expert_id,), **fields)
    review = Review(
        id=review_id(case_id, expert_id),
        campaign_id=app.campaigns.current().id,
        case_id=case_id,
        expert_id=expert_id,
        assigned_at=SCREENING,
    )
    app.reviews.create(review)


@pytest.fixture
def expert(app: App, logged_in: Callable[..., Browser]) -> Browser:
    """An expert of 湖北省 who has accepted the statement and has two cases."""
    assigned(app, "case-1", title="王小明的智研共同体", summary="南京市第一中学以研修群为纽带，王小明牵头。")
    assigned(app, "case-2", title="常态化校本研修")
    return logged_in("expert", province="420000", unit="华中师范大学", statement_at=SCREENING)


def review(app: App, case_id: str = "case-1") -> Review:
    return app.reviews.get(review_id(case_id, "expert"))


def test_the_statement_comes_first(app: App, logged_in: Callable[..., Browser]) -> None:
    """R5"""
    assigned(app, "case-1")
    expert = logged_in("expert")
    assert expert.open("/expert").headers["Location"] == "/expert/statement"
    assert expert.open("/expert/cases/case-1").headers["Location"] == "/expert/statement"
    accepted = expert.fill("/expert/statement", accepted="y", units="武汉市第一中学\n\n 武汉大学 ")
    assert accepted.headers["Location"] == "/expert"
    account = app.accounts.get("expert")
    assert [one.unit for one in account.conflicts] == ["武汉市第一中学", "武汉大学"]
    expert.open("/expert/statement")
    assert expert.typed("units") == "武汉市第一中学\n武汉大学"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "请阅读并勾选保密与回避承诺后继续。"),
        ({"units": "武汉市第一中学"}, "请阅读并勾选保密与回避承诺后继续。"),
        ({"accepted": "y", "units": "武" * 2001}, "需要回避的单位最多2000个字，请删去1个字。"),
    ],
)
def test_the_statement_says_what_is_wrong(
    app: App, logged_in: Callable[..., Browser], fields: dict[str, Any], message: str
) -> None:
    expert = logged_in("expert")
    assert expert.fill("/expert/statement", **fields).status_code == 422
    assert expert.errors() == [message]
    assert expert.typed("units") == fields.get("units", "")
    assert app.accounts.get("expert").statement_at is None


def test_names_units_and_file_names_are_hidden(expert: Browser) -> None:
    """R6: not on the page, nor in its source."""
    for path in ("/expert", "/expert/cases/case-1"):
        expert.open(path)
        for hidden in ("王小明", "李明", "南京市第一中学", "南京市第二中学", "王小明案例.docx", "研修通知.pdf"):
            assert hidden not in expert.page
    assert "以研修群为纽带" in expert.page
    assert expert.open("/expert/cases/case-1/files/case-1-document").status_code == 404
    assert expert.open("/expert/cases/case-1/files/case-1-sheet").status_code == 404


def test_a_draft_is_kept_and_then_sent(expert: Browser, app: App) -> None:
    """R6"""
    kept = expert.fill("/expert/cases/case-1", mechanism="18.5", comment="思路清楚", then="draft")
    assert kept.headers["Location"] == "/expert/cases/case-1"
    expert.open("/expert/cases/case-1")
    assert (expert.typed("mechanism"), expert.typed("comment")) == ("18.5", "思路清楚")
    sent = expert.post("/expert/cases/case-1", **MARKS, comment="思路清楚", then="submit")
    assert sent.headers["Location"] == "/expert/cases/case-2"
    assert (review(app).state, review(app).total) == (ReviewState.SUBMITTED, 85.5)
    expert.open("/expert")
    assert "1 / 2件" in expert.text() and "总分85.5" in expert.text()


def test_drafts_save_themselves(expert: Browser, app: App) -> None:
    """R6: what the page's script sends."""
    expert.open("/expert/cases/case-1")
    data = {**expert.hidden(), "mechanism": "18", "then": "draft"}
    saved = expert.client.post("/expert/cases/case-1", data=data, headers={"Accept": "application/json"})
    assert datetime.fromisoformat(saved.get_json()["saved_at"]) == SCREENING
    assert review(app).marks == {"mechanism": 18.0}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mechanism": "21"}, "“完善工作机制”的分值应在0至20之间。"),
        ({"mechanism": "-1"}, "“完善工作机制”的分值应在0至20之间。"),
        ({"mechanism": "nan"}, "“完善工作机制”的分值应在0至20之间。"),
        ({"mechanism": "很好"}, "请填写数字，例如12.5。"),
        ({"exchange": ""}, "请为“加强宣传交流”打分。"),
        ({"comment": "好" * 501}, "推荐意见最多500个字，请删去1个字。"),
    ],
)
def test_scoring_says_what_is_wrong(expert: Browser, app: App, fields: dict[str, Any], message: str) -> None:
    answers: dict[str, Any] = {**MARKS, "comment": "思路清楚", **fields}
    assert expert.fill("/expert/cases/case-1", **answers, then="submit").status_code == 422
    assert expert.errors() == [message]
    for name in ("mechanism", "resources", "exchange", "comment"):
        assert expert.typed(name) == answers[name]
    assert review(app).state is ReviewState.OPEN


def test_marks_that_were_sent_stay(expert: Browser) -> None:
    expert.fill("/expert/cases/case-1", **MARKS, then="submit")
    expert.open("/expert/cases/case-2")
    assert expert.post("/expert/cases/case-1", **{**MARKS, "support": "1"}, then="submit").status_code == 409
    assert expert.errors() == ["您已提交这件案例的评分，不能再修改。"]
    expert.open("/expert/cases/case-1")
    assert "不能修改" in expert.text() and "提交评分" not in expert.text()


def test_an_expert_scores_only_what_was_given(expert: Browser, app: App) -> None:
    """R5"""
    assigned(app, "case-7", expert_id="another")
    assert expert.open("/expert/cases/case-7").status_code == 404
    expert.open("/expert/cases/case-1")
    assert expert.post("/expert/cases/case-7", **MARKS, then="submit").status_code == 404
    expert.open("/expert/cases/case-1")
    assert expert.post("/expert/cases/case-7/recuse", reason="同单位").status_code == 404


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("", "请填写回避原因。"),
        ("   ", "请填写回避原因。"),
        ("师" * 501, "回避原因最多500个字，请删去1个字。"),
    ],
)
def test_stepping_back_says_what_is_wrong(expert: Browser, app: App, reason: str, message: str) -> None:
    assert expert.fill("/expert/cases/case-1/recuse", reason=reason).status_code == 422
    assert expert.errors() == [message]
    assert expert.typed("reason") == reason.strip()
    assert review(app).state is ReviewState.OPEN


def test_stepping_back(expert: Browser, app: App) -> None:
    """R5"""
    assert expert.fill("/expert/cases/case-1/recuse", reason="与作者有合作").headers["Location"] == "/expert"
    assert (review(app).state, review(app).reason) == (ReviewState.RECUSED, "与作者有合作")
    expert.open("/expert/cases/case-1")
    assert "您已回避这件案例。" in expert.text()


def test_stepping_back_is_answered_again_when_somebody_else_has_the_case(expert: Browser, app: App) -> None:
    """The answer was lost, and the form is sent a second time."""
    expert.open("/expert/cases/case-1/recuse")
    form = {**expert.hidden(), "reason": "与作者有合作"}
    assert expert.post("/expert/cases/case-1/recuse", **form).headers["Location"] == "/expert"
    app.cases.change("case-1", lambda case: setattr(case, "expert_ids", ()))
    assert expert.post("/expert/cases/case-1/recuse", **form).headers["Location"] == "/expert"
    expert.open("/expert")
    assert "您已回避这件案例，平台将改由其他专家推荐。" in expert.text()


def test_what_was_typed_survives_an_expired_session(expert: Browser, app: App, clock: FixedClock) -> None:
    kept = hash_password("screening-2024")
    app.accounts.change("expert", lambda each: setattr(each, "password_hash", kept))
    app.accounts.change("expert", lambda each: setattr(each, "totp_confirmed", False))
    expert.open("/expert/cases/case-1")
    clock.at = clock.at.replace(hour=clock.at.hour + 3)
    assert expert.post("/expert/cases/case-1", **MARKS, comment="写了很久的意见", then="submit").status_code == 401
    expert.post("/staff/login")
    mobile = app.accounts.get("expert").mobile
    expert.post("/staff/login", mobile=mobile, password="wrong")
    assert expert.errors() == ["手机号、密码或动态验证码不正确，请核对后重新登录。"]
    expert.post("/staff/login", mobile=mobile, password="screening-2024")
    assert "写了很久的意见" in expert.text()
    assert expert.post("/expert/cases/case-1").status_code == 303
    assert (review(app).comment, review(app).total) == ("写了很久的意见", 85.5)


def test_nobody_steps_back_from_what_they_scored(expert: Browser) -> None:
    assert "申请回避" in expert.open("/expert/cases/case-1").get_data(as_text=True)
    expert.fill("/expert/cases/case-1", **MARKS, then="submit")
    assert "申请回避" not in expert.open("/expert/cases/case-1").get_data(as_text=True)
    assert expert.open("/expert/cases/case-1/recuse").headers["Location"] == "/expert/cases/case-1"
