"""Pages of notify: one's own messages, the centre's letters and mails, and what everybody else is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from lxml import html

from services.notify import wiring
from services.notify.domain.letter import LetterState
from services.notify.handlers.mailbox import empty_mailbox
from services.notify.permissions import PERMISSIONS
from shared.identity import Principal, issue_token
from tests.browser.gallery import AUTHOR_KEY, STAFF_KEY
from tests.notify import corpus
from tests.notify.given import NOW, OWNER, Given, a_letter, contacts, submitted

AUTHOR = Principal(kind="author", id=OWNER, name="王芳", roles=frozenset({"author"}))
OTHER = Principal(kind="author", id="another", name="李明", roles=frozenset({"author"}))
OFFICER = Principal(kind="staff", id="o1", name="张伟", roles=frozenset({"officer"}))
PROVINCE = Principal(kind="staff", id="s1", name="刘洋", roles=frozenset({"province"}), province="420000")
EXPERT = Principal(kind="staff", id="e1", name="陈静", roles=frozenset({"expert"}))


def as_person(here: Given, person: Principal | None) -> FlaskClient:
    client = wiring.create_app(app=here.app).test_client()
    if person is not None:
        key = AUTHOR_KEY if person.kind == "author" else STAFF_KEY
        client.set_cookie(person.kind, issue_token(person, key, now=NOW, lasting=timedelta(hours=8)))
    return client


def words(page: str) -> str:
    return " ".join("".join(map(str, html.document_fromstring(page).itertext())).split())


def token(page: str) -> dict[str, str]:
    """The hidden fields of the page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return dict(found)


PAGES = (
    "/messages",
    "/letters",
    "/letters/{id}",
    "/letters/{id}/preview",
    "/letters/inbox",
    "/api/notify/letters/states",
)


@pytest.mark.parametrize("person", [None, AUTHOR, PROVINCE, EXPERT])
def test_letters_are_for_the_centre_alone(here: Given, person: Principal | None) -> None:
    here.app.letters.create(a_letter())
    client = as_person(here, person)
    for page in PAGES[1:]:
        status = client.get(page.format(id=here.letter().id)).status_code
        assert status == (302 if not page.startswith("/api") else 401) if person in (None, AUTHOR) else status == 403


def test_nobody_reads_messages_without_a_login(here: Given) -> None:
    answer = as_person(here, None).get("/messages")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=%2Fmessages")
    assert as_person(here, None).get("/api/notify/messages").status_code == 401


def test_every_role_has_its_messages() -> None:
    assert set(PERMISSIONS["read_messages"]) == {"author", "province", "helper", "expert", "officer", "administrator"}


def test_an_author_reads_their_own_messages_and_nobody_elses(here: Given) -> None:
    here.hear(contacts())
    here.hear(submitted())
    mine = as_person(here, AUTHOR)
    assert "案例报送成功：2024-42-000317" in words(mine.get("/messages").text)
    page = mine.get(f"/messages/{here.letter().id}")
    assert "平台已于北京时间2024年10月14日14:03:22.123收到您报送的案例" in words(page.text)
    theirs = as_person(here, OTHER)
    assert "目前还没有消息。" in words(theirs.get("/messages").text)
    assert theirs.get(f"/messages/{here.letter().id}").status_code == 404
    api = mine.get("/api/notify/messages").get_json()
    assert [each["subject"] for each in api["messages"]] == ["案例报送成功：2024-42-000317"]


def test_the_code_of_a_letter_is_on_no_page(here: Given) -> None:
    here.app.letters.create(a_letter("activation_code", sealed="c2VhbGVk", account_id="s1"))
    letter_id = here.letter().id
    centre, province = as_person(here, OFFICER), as_person(here, PROVINCE)
    for page in (
        centre.get(f"/letters/{letter_id}").text,
        centre.get(f"/letters/{letter_id}/preview").text,
        province.get(f"/messages/{letter_id}").text,
    ):
        assert "c2VhbGVk" not in page
    assert "••••-••••-••••" in centre.get(f"/letters/{letter_id}/preview").text


def test_the_centre_sees_letters_by_state_with_masked_addresses(here: Given) -> None:
    here.app.letters.create(a_letter())
    here.app.letters.create(a_letter("result", state=LetterState.BOUNCED, reason="550 no such user"))
    centre = as_person(here, OFFICER)
    page = words(centre.get("/letters").text)
    assert "w***@school.example" in page
    assert "wang@school.example" not in page
    assert "550 no such user" in page
    narrowed = words(centre.get("/letters?state=bounced").text)
    assert "w***@school.example" in narrowed
    assert "没有符合条件的信件。" in words(centre.get("/letters?state=bounced&kind=receipt").text)
    assert "2024-42-000317" not in page  # the list needs no number; the search knows it
    assert "报送回执" in words(centre.get("/letters?q=2024-42-000317").text)
    assert centre.get("/letters?state=nonsense&page=x&q=(").status_code == 200
    states = centre.get("/api/notify/letters/states").get_json()["states"]
    assert (states["waiting"], states["bounced"], states["sent"], len(states)) == (1, 1, 0, 8)


def test_the_preview_may_run_and_load_nothing(here: Given) -> None:
    here.app.letters.create(a_letter())
    answer = as_person(here, OFFICER).get(f"/letters/{here.letter().id}/preview")
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
    )
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    page = as_person(here, OFFICER).get(f"/letters/{here.letter().id}").text
    (frame,) = html.document_fromstring(page).iter("iframe")
    assert (frame.get("sandbox"), frame.get("src")) == ("", f"/letters/{here.letter().id}/preview")


def test_a_letter_that_waits_for_its_address_can_be_looked_at(here: Given) -> None:
    here.hear(submitted())
    page = words(as_person(here, OFFICER).get(f"/letters/{here.letter().id}").text)
    assert "等待联系方式" in page


def test_a_bounced_letter_is_resent_by_a_press(here: Given) -> None:
    here.app.letters.create(a_letter(state=LetterState.BOUNCED, reason="550"))
    centre = as_person(here, OFFICER)
    address = f"/letters/{here.letter().id}"
    fields = token(centre.get(address).text)
    for _ in range(2):
        answer = centre.post(f"{address}/resend", data=fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, address)
    assert (here.letter().state, here.letter().resends) == (LetterState.WAITING, 1)


def test_what_cannot_be_resent_is_said_on_the_page(here: Given) -> None:
    here.app.letters.create(a_letter(state=LetterState.SENT))
    centre = as_person(here, OFFICER)
    fields = token(centre.get("/letters/inbox").text) | {"csrf_token": csrf(centre)}
    answer = centre.post(f"/letters/{here.letter().id}/resend", data=fields)
    assert answer.status_code == 409
    assert "只有退回或未能送达的信件可以重发。" in words(answer.text)


def csrf(client: FlaskClient) -> str:
    (found,) = re.findall(r'name="csrf-token" content="([^"]+)"', client.get("/letters").text)
    return str(found)


# The mailbox


def waiting_mail(here: Given, raw: Callable[[], bytes] = corpus.scanned) -> str:
    here.mailbox.deliver(raw())
    empty_mailbox(here.app)
    (row,) = here.app.mails.rows({}, only=("_id",))
    return str(row["_id"])


def test_a_mail_nobody_could_read_waits_with_its_original(here: Given) -> None:
    mail_id = waiting_mail(here)
    centre = as_person(here, OFFICER)
    assert "湖北省联系人信息表（盖章扫描件）" in words(centre.get("/letters/inbox").text)
    page = words(centre.get(f"/letters/inbox/{mail_id}").text)
    assert "没有读出联系人信息表。" in page
    assert "扫描件.jpg" in page
    answer = centre.get(f"/letters/inbox/{mail_id}/original")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("memory:mail/")


FORM = {
    "province": "420000",
    "unit": "湖北省电化教育馆",
    "department": "教师培训部",
    "name": "张三",
    "mobile": "138 0000 1234",
    "email": "zhang@hbe.example",
}


def test_a_person_registers_a_form(here: Given) -> None:
    mail_id = waiting_mail(here)
    centre = as_person(here, OFFICER)
    address = f"/letters/inbox/{mail_id}/register"
    answer = centre.post(address, data=token(centre.get(address).text) | FORM)
    assert answer.status_code == 303, words(answer.text)
    assert "已处理" in words(centre.get(f"/letters/inbox/{mail_id}").text)
    mail = here.app.mails.get(mail_id)
    assert mail.form is not None
    assert (mail.form.mobile, mail.province, mail.settled_by) == ("13800001234", "420000", "o1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mobile": "12345"}, "手机号应为11位数字，例如13800001234。"),
        ({"unit": ""}, "请填写单位名称。"),
        ({"email": "nowhere"}, "电子邮箱格式不正确，例如name@example.com。"),
        ({"province": ""}, "请选择省份。"),
        ({"postcode": "43"}, "“邮政编码”应为6位数字，表中写的是“43”。"),
    ],
)
def test_a_wrong_form_says_what_to_do_and_keeps_what_was_typed(
    here: Given, changes: dict[str, str], message: str
) -> None:
    mail_id = waiting_mail(here)
    centre = as_person(here, OFFICER)
    address = f"/letters/inbox/{mail_id}/register"
    answer = centre.post(address, data=token(centre.get(address).text) | FORM | changes)
    assert answer.status_code == 422
    assert message in words(answer.text)
    assert 'value="教师培训部"' in answer.text
    assert here.app.mails.get(mail_id).state == "waiting"


def test_a_mail_is_set_aside_with_a_reason(here: Given) -> None:
    mail_id = waiting_mail(here)
    centre = as_person(here, OFFICER)
    address = f"/letters/inbox/{mail_id}/aside"
    empty = centre.post(address, data=token(centre.get(address).text))
    assert "请填写处理说明。" in words(empty.text)
    answer = centre.post(address, data=token(centre.get(address).text) | {"reason": "已电话联系"})
    assert answer.status_code == 303
    assert here.app.mails.get(mail_id).reason == "已电话联系"


@pytest.mark.parametrize("path", ["/messages/none", "/letters/none", "/letters/inbox/none", "/letters/none/preview"])
def test_what_is_not_there_is_404(here: Given, path: str) -> None:
    assert as_person(here, OFFICER).get(path).status_code == 404


def test_the_process_answers_its_probes(here: Given) -> None:
    client = as_person(here, None)
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
