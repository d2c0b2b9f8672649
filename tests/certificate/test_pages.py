"""What visitors and the centre see (E1, E3, E4)."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.certificate.adapters.signing import PdfSigner
from shared.campaign.model import Campaign
from shared.events.review import CampaignPublished
from tests.certificate.conftest import World
from tests.certificate.samples import (
    LATER,
    PUBLISHED,
    WORDING,
    a_disqualification,
    a_print,
    a_result,
    a_sheet,
    campaign,
    contacts,
    heard,
    keys,
    the_campaign,
    typesetter,
)

NOT_FOUND = "没有查到符合条件的证书。请核对姓名与手机号后四位是否与报送时一致，或改用证书编号查询。"


@pytest.fixture
def issued(world: World) -> World:
    names = ("买买提·吐尔逊", "王芳")
    mobiles = dict(zip(names, ("13800001234", "13900005678"), strict=True))
    world.hear(the_campaign(), a_sheet("c", names=names), contacts("c", mobiles), a_result("c"))
    world.make_all()
    return world


def number_of(world: World, place: int = 0) -> str:
    return world.app.store.certificates_of_case("c")[place].current.number


def text(response: TestResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)))


def post(client: FlaskClient, path: str, fields: dict[str, object], *, shown_on: str | None = None) -> TestResponse:
    page = client.get(shown_on or path).get_data(as_text=True)
    hidden = dict(re.findall(r'name="(csrf_token|command_id)" value="([^"]+)"', page))
    return client.post(path, data={**hidden, **fields}, content_type="multipart/form-data")


@pytest.mark.parametrize("name", ["买买提·吐尔逊", "买买提吐尔逊", " 买买提 • 吐尔逊 "])
def test_a_holder_finds_and_downloads_the_certificate(issued: World, name: str) -> None:
    client = issued.visitor()
    page = post(client, "/certificates", {"name": name, "last_four": "1234"})
    assert page.status_code == 200
    assert "查到1份证书" in text(page)
    (link,) = re.findall(r'href="(/certificates/[^"]+/download)"', page.get_data(as_text=True))
    pdf = client.get(link)
    assert pdf.content_type == "application/pdf"
    assert hashlib.sha256(pdf.data).hexdigest() == issued.app.store.certificates_of_case("c")[0].current.sha256
    assert "attachment" in pdf.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "王芳", "last_four": "1234"},
        {"name": "无此人", "last_four": "5678"},
        {"name": "王芳芳", "last_four": "5678"},
    ],
)
def test_every_unsuccessful_query_looks_the_same(issued: World, fields: dict[str, object]) -> None:
    page = post(issued.visitor(), "/certificates", fields)
    assert page.status_code == 422
    assert NOT_FOUND in text(page)
    assert f'value="{fields["name"]}"' in page.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("/certificates", {"name": "", "last_four": "1234"}, "请填写姓名。"),
        ("/certificates", {"name": "王芳", "last_four": ""}, "请填写手机号后四位。"),
        ("/certificates", {"name": "王芳", "last_four": "12a4"}, "手机号后四位应为4位数字，例如1234。"),
        ("/certificates", {"name": "王" * 101, "last_four": "1234"}, "最多100个字。"),
        ("/certificates/number", {"number": ""}, "请填写证书编号。"),
        ("/certificates/number", {"number": "12345"}, "证书编号由年份、字母和8位字符组成，例如2024A-7K3M-9QXR。"),
        ("/certificates/number", {"number": "2024A-0000-0000"}, "没有查到这个编号的证书，请核对后重新输入。"),
        ("/certificates/verify", {}, "请选择要核验的证书文件（PDF）。"),
        ("/certificates/verify", {"file": (io.BytesIO(b""), "x.pdf")}, "请选择要核验的证书文件（PDF）。"),
    ],
)
def test_what_breaks_a_rule_is_answered_in_chinese_and_kept(
    issued: World, path: str, fields: dict[str, object], message: str
) -> None:
    page = post(issued.visitor(), path, fields)
    assert page.status_code == 422
    assert message in text(page)
    for value in fields.values():
        assert not isinstance(value, str) or f'value="{value}"' in page.get_data(as_text=True)


def test_the_number_as_read_out_finds_it(issued: World) -> None:
    typed = number_of(issued).lower().replace("-", " ")
    assert "查到1份证书" in text(post(issued.visitor(), "/certificates/number", {"number": typed}))


def test_the_public_verifies_without_seeing_names(issued: World) -> None:
    token = issued.app.store.certificates_of_case("c")[0].current.token
    for address in (number_of(issued), f"{number_of(issued)}?t={token}"):
        page = issued.visitor().get(f"/certificates/verify/{address}")
        assert page.status_code == 200
        assert "证书有效" in text(page)
        assert "买＊＊＊＊" in text(page)
        assert "吐尔逊" not in text(page)
        assert "玄武区" not in text(page)


@pytest.mark.parametrize("address", ["2024A-0000-0000", "2024A-0000-0000?t=AAAAAAAAAA", "x", "2024A-0000"])
def test_unknown_numbers_and_wrong_tokens_look_the_same(issued: World, address: str) -> None:
    unknown = issued.visitor().get(f"/certificates/verify/{address}")
    forged = issued.visitor().get(f"/certificates/verify/{number_of(issued)}?t=AAAAAAAAAA")
    assert (unknown.status_code, text(unknown)) == (forged.status_code, text(forged)) == (404, text(forged))
    assert "没有查到这份证书" in text(unknown)


def test_a_revoked_certificate_says_so_with_date_and_reason(issued: World) -> None:
    issued.hear(a_disqualification("c"))
    number = number_of(issued)
    page = issued.visitor().get(f"/certificates/verify/{number}")
    assert "这份证书已于2024年12月21日撤销，不再有效。原因：该案例已被取消资格。" in text(page)
    assert issued.visitor().get(f"/certificates/{number}/download").status_code == 410
    answer = issued.visitor().get(f"/api/certificate/verify/{number}").get_json()
    assert (answer["standing"], answer["revoked_at"]) == ("revoked", "2024-12-21T02:00:00+00:00")


def test_programs_get_problems_for_unknown_numbers(issued: World) -> None:
    answer = issued.visitor().get("/api/certificate/verify/2024A-0000-0000")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json()["detail"] == "没有查到这个编号的证书，请核对后重新输入。"


def test_an_uploaded_file_is_judged_by_hash_and_signature(issued: World) -> None:
    client = issued.visitor()
    pdf = client.get(f"/certificates/{number_of(issued)}/download").data
    good = post(client, "/certificates/verify", {"file": (io.BytesIO(pdf), "c.pdf")})
    assert "证书有效" in text(good)
    assert "文件内容与颁发时一致，电子签名有效" in text(good)
    changed = bytearray(pdf)
    changed[len(changed) // 3] ^= 1
    for bytes_, message in (
        (bytes(changed), "这份文件不能通过核验"),
        (b"hello", "这不是 PDF 文件。"),
        (_signed_elsewhere("别的机构"), "签名不是由本平台的签发机构作出的。"),
        (_signed_elsewhere("征集平台"), "本平台没有颁发这份文件的记录"),
    ):
        page = post(client, "/certificates/verify", {"file": (io.BytesIO(bytes_), "c.pdf")})
        assert message in text(page)
        assert "证书有效" not in text(page)


def _signed_elsewhere(organisation: str) -> bytes:
    pdf = typesetter().pdf(a_print())
    return PdfSigner(keys(organisation)).signed(pdf, at=PUBLISHED, issuer=WORDING.issuer, reason="x")


def test_the_authority_can_be_downloaded(issued: World) -> None:
    assert issued.visitor().get("/certificates/ca.pem").data == keys().authority


def test_before_the_query_opens_nothing_is_found(world: World) -> None:
    opens = "2024-12-25T00:00:00+08:00"
    certificates = {"one_for": "each_author", "title": "电子证书", "seal": "组委会", "query_opens": opens}
    world.hear(
        the_campaign(certificates=certificates), a_sheet("c"), contacts("c", {"李明": "13800001234"}), a_result("c")
    )
    world.make_all()
    client = world.visitor()
    assert "证书查询将于北京时间2024年12月25日00:00开放" in text(client.get("/certificates"))
    fields: dict[str, object] = {"name": "李明", "last_four": "1234"}
    assert NOT_FOUND in text(post(client, "/certificates", fields))
    assert client.get(f"/certificates/{number_of(world)}/download").status_code == 404
    world.clock.at = datetime.fromisoformat(opens)
    assert "查到1份证书" in text(post(client, "/certificates", fields))


def test_guessing_is_slowed_down(issued: World) -> None:
    client = issued.visitor()
    answers = [
        post(client, "/certificates", {"name": "王芳", "last_four": f"{n:04}"}, shown_on="/certificates").status_code
        for n in range(31)
    ]
    assert answers == [422] * 30 + [429]
    owner = issued.visitor()
    owner.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    asked = post(owner, "/certificates", {"name": "王芳", "last_four": "0000"}, shown_on="/certificates")
    assert asked.status_code == 422  # a stranger shuts a name for nobody but himself
    assert post(client, "/certificates", {"name": "买买提吐尔逊", "last_four": "1234"}).status_code == 200


def test_the_centre_sees_the_batch_and_others_do_not(issued: World) -> None:
    page = issued.staff("officer").get("/certificates/progress")
    assert "2 / 2 份" in text(page)
    assert number_of(issued) in text(page)
    for path in (
        "/certificates/progress",
        f"/certificates/{number_of(issued)}",
        f"/certificates/{number_of(issued)}/revoke",
    ):
        assert issued.visitor().get(path).status_code == 302
        assert issued.staff("province").get(path).status_code == 403
        assert issued.staff("administrator").get(path).status_code == 200


def test_the_batch_of_an_earlier_campaign_stays_in_reach(issued: World) -> None:
    last, later = campaign(), timedelta(days=365)
    windows = {
        name: {**window, "opens": window["opens"] + later, "closes": window["closes"] + later}
        for name, window in last.windows.model_dump().items()
    }
    changes = {"id": "2025-next", "subtitle": "2025年教师研修专项", "windows": windows}
    coming = Campaign.model_validate({**last.model_dump(), **changes}).model_dump(mode="json")
    event = CampaignPublished(campaign_id="2025-next", revision=1, campaign=coming, at=PUBLISHED)
    issued.hear(heard(event, subject="2025-next", seq=1))
    client, earlier = issued.staff("officer"), f"/certificates/progress?campaign={last.id}"
    now = client.get("/certificates/progress")
    assert "2025年教师研修专项" in text(now) and number_of(issued) not in text(now)
    assert f'href="{earlier}"' in now.get_data(as_text=True)
    page = client.get(earlier)
    assert "2 / 2 份" in text(page) and number_of(issued) in text(page)
    assert client.get("/certificates/progress?campaign=nowhere").status_code == 404


def test_the_centre_is_led_to_the_batch(world: World) -> None:
    link = 'href="/certificates/progress"'
    assert link in world.staff("officer").get("/certificates").get_data(as_text=True)
    assert link not in world.visitor().get("/certificates").get_data(as_text=True)


def test_the_progress_page_says_what_will_be_there(world: World) -> None:
    assert "结果公布后，这里显示每份证书的制作进度" in text(world.staff("officer").get("/certificates/progress"))


def test_what_stopped_is_shown_and_can_be_made_again(world: World) -> None:
    world.hear(the_campaign(), a_sheet("c", names=("李\ue000明",)), a_result("c"))
    world.make_all()
    client = world.staff("officer")
    assert "字库中没有" in text(client.get("/certificates/progress"))
    sent = post(
        client, "/certificates/progress/again", {"case_id": "c", "place": "0"}, shown_on="/certificates/progress"
    )
    assert sent.status_code == 303
    assert world.make_all() == 1


def test_the_centre_revokes_with_a_reason(issued: World) -> None:
    client, number = issued.staff("officer"), number_of(issued)
    refused = post(client, f"/certificates/{number}/revoke", {"reason": " "})
    assert (refused.status_code, "请填写撤销原因。" in text(refused)) == (422, True)
    too_long = post(client, f"/certificates/{number}/revoke", {"reason": "长" * 201})
    assert "撤销原因最多200字，请删去1字。" in text(too_long)
    assert post(client, f"/certificates/{number}/revoke", {"reason": "颁发有误"}).status_code == 303
    assert "原因：颁发有误" in text(issued.visitor().get(f"/certificates/verify/{number}"))
    again = post(client, f"/certificates/{number}/revoke", {"reason": "再次"})
    assert (again.status_code, "该证书已经撤销，不能再更改。" in text(again)) == (409, True)


def test_the_centre_corrects_and_the_old_number_says_so(issued: World) -> None:
    client, number = issued.staff("officer"), number_of(issued)
    same = post(
        client,
        f"/certificates/{number}/correct",
        {"name": "买买提·吐尔逊", "unit": "玄武区第1中学", "reason": "x"},
    )
    assert "姓名和单位都没有改动，无需更正。" in text(same)
    fields: dict[str, object] = {"name": "买买提 • 图尔逊", "unit": "玄武区第1中学", "reason": "姓名有误"}
    assert post(client, f"/certificates/{number}/correct", fields).status_code == 303
    issued.make_all()
    new = number_of(issued)
    page = text(issued.visitor().get(f"/certificates/verify/{number}"))
    assert f"这份证书已于2024年12月21日更正，由编号{new}的证书取代" in page
    assert "买买提·图尔逊" in text(client.get(f"/certificates/{new}"))
    assert issued.visitor().get(f"/certificates/{new}/download").status_code == 200
    assert issued.app.store.certificates_of_case("c")[0].current.issued_at == LATER
