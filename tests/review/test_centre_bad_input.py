"""What the centre's forms answer to bad input, with the exact words; what was typed returns. And who may open what."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from services.review.adapters.spreadsheets import write_table
from services.review.app import App
from services.review.domain.decision import Sizes
from services.review.domain.expert_rows import COLUMNS
from services.review.domain.values import Eligibility, Score
from services.review.handlers.assignment import make_round
from services.review.handlers.campaign import load_campaign_draft, publish_campaign
from services.review.handlers.contacts import ContactDetails, enter_contact
from services.review.handlers.decision import fix_sizes
from services.review.handlers.disqualification import propose_disqualification
from shared.campaign.model import Campaign
from tests.review.conftest import SCREENING, Browser, staff_account, submitted_case
from tests.review.turning import Turning

Enter = Callable[..., Browser]
LONG = "很" * 501
PERSON = {
    "province": "510000",
    "name": "林芳",
    "unit": "四川省教育厅",
    "mobile": "13800000009",
    "email": "sc@example.com",
}


@pytest.fixture
def ids(app: App, campaign: Campaign) -> dict[str, str]:
    """What addresses need: a waiting contact, a recommended case, a scored case, a round, a proposal."""
    load_campaign_draft(app, campaign)
    publish_campaign(app, campaign_id=campaign.id, by="administrator")
    Turning(app).turn()
    details = ContactDetails(**PERSON)
    contact = enter_contact(app, details=details, received=SCREENING, by="officer", command="c")
    submitted_case(app, "case-1", recommended_at=SCREENING)
    submitted_case(app, "case-3", recommended_at=SCREENING)
    eligible = Eligibility(eligible=True, reason="", by="officer", at=SCREENING)
    rubric = campaign.category("school").rubric
    score = Score(expert_id="e1", marks={one.code: one.weight * 0.8 for one in rubric}, total=80.0)
    scored = {"recommended_at": SCREENING, "eligibility": eligible, "expert_ids": ("e1",)}
    submitted_case(app, "case-2", **scored, scores=(score,), mean=80.0)
    make_round(app, round_id="round", campaign_id=campaign.id, k=3, by="officer", at=SCREENING)
    proposal = propose_disqualification(
        app, case_id="case-3", reason="fraud", statement="数据不实", evidence="报告", by="somebody", command="p"
    )
    return {"contact": contact, "proposal": proposal, "campaign": campaign.id}


EXTEND = {"window": "submission", "closes": "2024-12-01 00:00", "reason": "网络故障"}
LATE = {"whom": "13800001234", "expires": "2024-10-22 12:00", "reason": "当晚本地停电，已核实"}
PLACES = {"province": "510000", "places": "3", "reason": "教师人数多"}
STAFF = {"role": "officer", "name": "孙丽", "mobile": "13800000008", "email": "sl@example.com"}
PROPOSAL = {"reason": "fraud", "statement": "数据不实", "evidence": "核查报告"}

BAD: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("/centre/campaign/extend", EXTEND, {"window": ""}, ["请选择要延长的环节。"]),
    ("/centre/campaign/extend", EXTEND, {"closes": ""}, ["请填写新的截止时间。"]),
    ("/centre/campaign/extend", EXTEND, {"closes": "下周五"}, ["请按“年-月-日 时:分”填写，例如2024-10-19 00:00。"]),
    ("/centre/campaign/extend", EXTEND, {"closes": "2024-10-01 00:00"}, ["新的截止时间须晚于现在的截止时间。"]),
    ("/centre/campaign/extend", EXTEND, {"reason": " "}, ["请填写延长的原因。"]),
    ("/centre/campaign/extend", EXTEND, {"reason": LONG}, ["原因最多500个字，请删去1个字。"]),
    ("/centre/campaign/places", PLACES, {"province": ""}, ["请选择省级单位。"]),
    ("/centre/campaign/places", PLACES, {"places": ""}, ["请填写要增加的名额。"]),
    ("/centre/campaign/places", PLACES, {"places": "三"}, ["请填写整数，例如12。"]),
    ("/centre/campaign/places", PLACES, {"places": "0"}, ["增加的名额应在1至1000之间。"]),
    ("/centre/campaign/places", PLACES, {"reason": ""}, ["请填写增加名额的原因。"]),
    ("/centre/late/new", LATE, {"whom": ""}, ["请填写案例编号，或作者登录用的手机号。"]),
    ("/centre/late/new", LATE, {"whom": "王小明"}, ["请填写11位手机号，或完整的案例编号，例如2024-482-130-572。"]),
    (
        "/centre/late/new",
        LATE,
        {"whom": "2024-482-130-999"},
        ["没有找到编号为2024-482-130-999的案例，请核对。没有报送过的案例没有编号，请填写作者的手机号。"],
    ),
    ("/centre/late/new", LATE, {"expires": ""}, ["请填写有效期。"]),
    ("/centre/late/new", LATE, {"expires": "后天"}, ["请按“年-月-日 时:分”填写，例如2024-10-19 00:00。"]),
    ("/centre/late/new", LATE, {"expires": "2024-10-20 12:00"}, ["有效期须晚于现在的时间。"]),
    (
        "/centre/late/new",
        LATE,
        {"expires": "2025-10-22 12:00"},
        ["有效期不能晚于省级推荐截止的时间（北京时间2024年11月1日00:00），否则省级单位来不及推荐。"],
    ),
    ("/centre/late/new", LATE, {"reason": " "}, ["请填写许可的原因，作者会看到。"]),
    ("/centre/late/new", LATE, {"reason": LONG}, ["原因最多200个字，请删去301个字。"]),
    ("/centre/contacts/new", PERSON, {"province": ""}, ["请选择该联系人所属的省级单位。"]),
    ("/centre/contacts/new", PERSON, {"name": ""}, ["请填写联系人姓名。"]),
    ("/centre/contacts/new", PERSON, {"mobile": "1380000"}, ["手机号应为11位数字，例如13800001234。"]),
    ("/centre/contacts/new", PERSON, {"email": "sc"}, ["电子邮箱格式不正确，例如name@example.com。"]),
    ("/centre/contacts/{contact}", PERSON, {"province": ""}, ["请选择该联系人所属的省级单位。"]),
    ("/centre/contacts/{contact}", PERSON, {"mobile": ""}, ["请填写手机号。"]),
    ("/centre/contacts/{contact}", PERSON, {"email": ""}, ["请填写电子邮箱。"]),
    (
        "/centre/contacts/{contact}",
        PERSON,
        {"mobile": "13900000001"},
        ["这个手机号已有账号，请换一个手机号，或先停用原账号。"],
    ),
    ("/centre/contacts/{contact}/refuse", {"reason": ""}, {}, ["请填写不通过的原因，对方会收到。"]),
    ("/centre/contacts/{contact}/refuse", {"reason": "  "}, {}, ["请填写不通过的原因，对方会收到。"]),
    ("/centre/contacts/{contact}/refuse", {"reason": LONG}, {}, ["不通过的原因最多500个字，请删去1个字。"]),
    ("/centre/accounts/new", STAFF, {"role": ""}, ["请选择人员的角色。"]),
    ("/centre/accounts/new", STAFF, {"role": "expert"}, ["请从选项中选择一项。"]),
    ("/centre/accounts/new", STAFF, {"mobile": "abc"}, ["手机号应为11位数字，例如13800001234。"]),
    (
        "/centre/accounts/new",
        STAFF,
        {"mobile": "13900000001"},
        ["这个手机号已有账号，请换一个手机号，或先停用原账号。"],
    ),
    ("/centre/eligibility/case-1", {"decision": ""}, {}, ["请选择审定结果。"]),
    (
        "/centre/eligibility/case-1",
        {"decision": "yes"},
        {},
        ["请逐项核对并勾选；有一项不符合时，请选择“不通过”并填写原因。"],
    ),
    (
        "/centre/eligibility/case-1",
        {"decision": "no", "reason": " "},
        {},
        ["请填写不通过的原因，作者和省级单位会收到。"],
    ),
    (
        "/centre/eligibility/case-2",
        {"decision": "no", "reason": "缺签名"},
        {},
        ["该案例已分配专家，不能再改资格审定结果；如有问题请走取消资格。"],
    ),
    ("/centre/assignment", {"experts_per_case": ""}, {}, ["请填写每件案例的专家人数。"]),
    ("/centre/assignment", {"experts_per_case": "多"}, {}, ["请填写整数，例如12。"]),
    ("/centre/assignment", {"experts_per_case": "12"}, {}, ["每件案例的专家人数应在1至9之间。"]),
    ("/centre/decision/sizes", {"school_exemplary": ""}, {}, ["请填写校本研修：典型案例件数，没有请填0。"]),
    ("/centre/decision/sizes", {"school_exemplary": "-1"}, {}, ["校本研修：典型案例件数应为0至10000的整数。"]),
    ("/centre/decision/sizes", {"school_exemplary": "一"}, {}, ["请填写整数，例如12。"]),
    ("/centre/decision/sizes", {}, {}, ["请至少为一类案例填写名额。"]),
    ("/centre/cases/case-1/disqualification", PROPOSAL, {"reason": ""}, ["请选择取消资格的理由。"]),
    ("/centre/cases/case-1/disqualification", PROPOSAL, {"statement": ""}, ["请说明取消资格的事实。"]),
    ("/centre/cases/case-1/disqualification", PROPOSAL, {"evidence": " "}, ["请写明证据及其来源。"]),
    ("/centre/disqualifications/{proposal}/reject", {"why": ""}, {}, ["请填写不予取消资格的理由。"]),
    ("/centre/disqualifications/{proposal}/reject", {"why": "　"}, {}, ["请填写不予取消资格的理由。"]),
    ("/centre/disqualifications/{proposal}/reject", {"why": LONG}, {}, ["不予取消的理由最多500个字，请删去1个字。"]),
]


def test_bad_input_is_answered_in_words_and_what_was_typed_returns(
    app: App, campaign: Campaign, ids: dict[str, str], logged_in: Enter
) -> None:
    head = logged_in("administrator")
    staff_account(app, "province", mobile="13900000001", province="330000")
    zeros = {f"{one.code}_{outcome}": "0" for one in campaign.categories for outcome in ("exemplary", "showcase")}
    seen, expected = [], []
    for path, good, bad, messages in BAD:
        fields = {**(zeros if path.endswith("sizes") else {}), **good, **bad}
        answer = head.fill(path.format(**ids), **fields)
        typed = {
            name: head.typed(name)
            for name in ("reason", "name", "statement", "email", "why", "whom", "expires")
            if name in fields
        }
        kept = {name: str(value).strip() for name, value in fields.items() if name in typed and name != "reason"} | (
            {"reason": typed["reason"]} if "reason" in typed else {}
        )
        seen.append((path, answer.status_code < 500 and answer.status_code >= 400, head.errors(), typed))
        expected.append((path, True, messages, kept))
    assert [one for one in zip(seen, expected, strict=True) if one[0] != one[1]] == []
    late: dict[str, Any] = {**EXTEND, "closes": "下周五"}
    head.fill("/centre/campaign/extend", **late)
    assert (head.typed("reason"), head.typed("closes")) == ("网络故障", "下周五")


UPLOADS = [
    ((b"", ""), "请选择专家表（.xlsx）。"),
    ((b"%PDF-1.7", "experts.pdf"), "无法读取这个文件，请另存为Excel工作簿（.xlsx）后重新选择。"),
    (
        (write_table("专家", ("姓名", "手机"), [("张明", "13800001234")]), "experts.xlsx"),
        "第1行缺少这些列：电子邮箱、省份、工作单位。请按模板填写。",
    ),
    ((write_table("专家", COLUMNS, []), "experts.xlsx"), "表中没有专家，请从第2行起每行填写一位。"),
]


@pytest.mark.parametrize(("file", "message"), UPLOADS)
def test_a_wrong_experts_table_is_refused(
    ids: dict[str, str], logged_in: Enter, file: tuple[bytes, str], message: str
) -> None:
    head = logged_in("administrator")
    head.open("/centre/experts/import")
    answer = head.post("/centre/experts/import", file=(io.BytesIO(file[0]), file[1]))
    assert (answer.status_code, head.errors()) == (422, [message])


def test_rows_that_were_not_previewed_are_not_imported(app: App, ids: dict[str, str], logged_in: Enter) -> None:
    head = logged_in("administrator")
    head.open("/centre/experts/import")
    answer = head.post("/centre/experts/import/confirm", rows="forged")
    assert (answer.status_code, head.errors()) == (422, ["预览已失效，请重新选择专家表。"])
    assert app.accounts.count({"role": "expert"}) == 0


def test_a_decision_by_hand_and_a_publication_that_cannot_be(
    app: App, campaign: Campaign, ids: dict[str, str], logged_in: Enter
) -> None:
    head = logged_in("administrator")
    fix_sizes(app, sizes=[Sizes(category="school", exemplary=1, showcase=0)], by="administrator")
    path = "/centre/decision/cases/case-2"
    wrong: list[tuple[dict[str, Any], list[str]]] = [
        ({"outcome": "", "reason": "好"}, ["请选择结果。"]),
        ({"outcome": "best", "reason": "好"}, ["请从选项中选择一项。"]),
        ({"outcome": "showcase", "reason": " "}, ["请填写调整的理由，理由将存档。"]),
    ]
    for fields, messages in wrong:
        assert (head.fill(path, **fields).status_code, head.errors()) == (422, messages)
    submitted_case(
        app,
        "case-4",
        recommended_at=SCREENING,
        eligibility=Eligibility(eligible=True, reason="", by="officer", at=SCREENING),
    )
    assert head.fill("/centre/decision/publish").status_code == 422
    assert head.errors() == ["还有1件案例的专家评分未完成，不能公布。"]
    sizes: dict[str, Any] = {
        f"{one.code}_{outcome}": "1" for one in campaign.categories for outcome in ("exemplary", "showcase")
    }
    head.open("/centre/campaign/extend")
    assert head.post("/centre/decision/sizes", **sizes).status_code == 409
    assert head.errors() == ["各类名额已经确定，查看成绩后不能再改。"]


def test_eligibility_confirms_only_what_was_shown(app: App, ids: dict[str, str], logged_in: Enter) -> None:
    officer = logged_in("officer")
    officer.open("/centre/eligibility/confirm?case=case-1")
    answer = officer.post("/centre/eligibility/confirm?case=case-1", case=["case-1", "case-3"])
    assert (answer.status_code, officer.errors()) == (409, ["待审定的案例刚刚有变化，请返回列表重新选择。"])
    assert app.work.find("anything") is None


def test_a_round_with_gaps_is_not_sent_out(ids: dict[str, str], logged_in: Enter) -> None:
    officer = logged_in("officer")
    answer = officer.fill("/centre/assignment/round", to="/centre/assignment/round/publish")
    if answer.status_code == 400:  # no form on the page: the token of another page serves
        officer.open("/centre/assignment")
        answer = officer.post("/centre/assignment/round/publish")
    assert (answer.status_code, officer.errors()) == (
        422,
        ["还有1件案例分不到足够的专家，请先增加专家或减少每件人数。"],
    )


CENTRE = {"officer", "administrator"}
HEAD = {"administrator"}
WALK = {
    "/centre": CENTRE,
    "/centre/shortlists": CENTRE,
    "/centre/record": CENTRE,
    "/centre/campaign": CENTRE,
    "/centre/campaign/{campaign}/publish": HEAD,
    "/centre/campaign/extend": HEAD,
    "/centre/campaign/places": CENTRE,
    "/centre/late": CENTRE,
    "/centre/late/new": CENTRE,
    "/centre/contacts": CENTRE,
    "/centre/contacts/new": CENTRE,
    "/centre/contacts/{contact}": CENTRE,
    "/centre/contacts/{contact}/refuse": CENTRE,
    "/centre/accounts": CENTRE,
    "/centre/accounts/new": HEAD,
    "/centre/accounts/somebody/code": CENTRE,
    "/centre/eligibility": CENTRE,
    "/centre/eligibility/confirm?all=y": CENTRE,
    "/centre/eligibility/case-1": CENTRE,
    "/centre/experts": CENTRE,
    "/centre/experts/template.xlsx": CENTRE,
    "/centre/experts/import": CENTRE,
    "/centre/assignment": CENTRE,
    "/centre/assignment/round": CENTRE,
    "/centre/scores": CENTRE,
    "/centre/decision": CENTRE,
    "/centre/decision/sizes": CENTRE,
    "/centre/decision/publish": HEAD,
    "/centre/cases": CENTRE,
    "/centre/cases/case-1": CENTRE,
    "/centre/cases/case-1/province": CENTRE,
    "/centre/cases/case-1/disqualification": CENTRE,
    "/centre/disqualifications": CENTRE,
    "/centre/disqualifications/{proposal}": CENTRE,
    "/centre/disqualifications/{proposal}/reject": CENTRE,
}
POSTS = {
    "/centre/experts/import/confirm": CENTRE,
    "/centre/assignment/round/publish": CENTRE,
    "/centre/disqualifications/{proposal}/confirm": CENTRE,
}
ROLES = ("nobody", "province", "helper", "expert", "officer", "administrator")


@pytest.mark.parametrize("role", ROLES)
def test_only_the_centre_opens_the_centres_pages(
    app: App, ids: dict[str, str], role: str, new_browser: Callable[[], Browser], logged_in: Enter
) -> None:
    staff_account(app, "province", id="somebody", mobile="13900000099", province="330000")
    visitor = new_browser() if role == "nobody" else logged_in(role)
    refused = 302 if role == "nobody" else 403
    seen = {path: visitor.client.get(path.format(**ids)).status_code for path in WALK}
    assert seen == {path: 200 if role in allowed else refused for path, allowed in WALK.items()}
    if role not in CENTRE:
        posted = {path: visitor.client.post(path.format(**ids)).status_code for path in POSTS}
        assert set(posted.values()) <= {refused, 401, 200}, posted
        assert app.disqualifications.get(ids["proposal"]).state == "proposed"
        assert app.rounds.get("round").state == "planned"


def test_an_officer_does_not_reset_an_administrator(app: App, ids: dict[str, str], logged_in: Enter) -> None:
    staff_account(app, "administrator")
    assert logged_in("officer").open("/centre/accounts/administrator/code").status_code == 403


def test_the_walk_names_every_page_of_the_centre(web: Flask) -> None:
    """A page added later has to be walked too."""
    import re

    rules = {re.sub(r"<\w+>", "X", rule.rule) for rule in web.url_map.iter_rules() if rule.rule.startswith("/centre")}
    known = {"contact", "proposal", "campaign"}
    walked = {path.partition("?")[0] for path in (*WALK, *POSTS)}
    walked = {re.sub(r"\{(" + "|".join(known) + r")\}|case-1|somebody|round(?=/|$)", "X", path) for path in walked}
    assert rules - walked == {"/centre/cases/X/files/X", "/centre/decision/cases/X"}
