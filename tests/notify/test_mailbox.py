"""The campaign's mailbox: each mail once, never dropped, answered, marked only when it is kept. M3, M4."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.adapters.imap import ImapMailbox
from services.notify.adapters.memory import MemoryMailbox, MemoryOriginals
from services.notify.adapters.originals import StoredOriginals
from services.notify.adapters.smtp import SmtpPost
from services.notify.domain.contact_form import ContactForm
from services.notify.domain.inbound import InboundMail, MailState
from services.notify.domain.letter import LetterState
from services.notify.domain.ports import Mailbox, Originals, Parcel
from services.notify.handlers.mailbox import RegisterForm, empty_mailbox, register_form, set_mail_aside
from shared.events.base import Event
from shared.events.notify import ContactFormReceived
from shared.events.wire import from_message, to_message
from shared.objects import Objects
from shared.trouble import Away, Refused
from tests.conftest import setting
from tests.notify import corpus
from tests.notify.given import NOW, Given, a_letter, some_settings
from tests.notify.test_contact_form import WHOLE, WITH_COLONS


def mails(here: Given) -> list[InboundMail]:
    return [here.app.mails.get(row["_id"]) for row in here.app.mails.rows({}, only=("_id",))]


def told(here: Given) -> list[Event]:
    rows = here.app.database.collection("mails").find({}, {"outbox": 1})
    return [from_message(to_message(entry)).event for row in rows for entry in row.get("outbox", [])]


def take(here: Given, *raws: bytes) -> None:
    for raw in raws:
        here.mailbox.deliver(raw)
    empty_mailbox(here.app)


def test_a_contact_form_is_told_answered_kept_and_marked(here: Given) -> None:
    take(here, corpus.plain())
    (mail,) = mails(here)
    assert told(here) == [
        ContactFormReceived(
            campaign_id="2024-teacher-training",
            form_id=mail.id,
            message_id="<m1@hbe.example>",
            sender=corpus.FROM,
            province="420000",
            missing=(),
            late=True,
            at=NOW,
            **{name: getattr(WHOLE, name) for name in WHOLE.__dataclass_fields__},
        )
    ]
    assert mail.state is MailState.FORM
    assert here.originals.kept == {mail.object_key: corpus.plain()}
    letter = here.letter()
    assert (letter.kind, letter.email, letter.answers) == (
        "contact_form_received",
        corpus.FROM,
        "<m1@hbe.example>",
    )
    with here.mailbox.open() as opened:
        assert opened.unseen() == []


def test_a_form_before_the_date_is_not_late(here: Given) -> None:
    here.clock.at = datetime(2024, 9, 30, 15, 59, 59, tzinfo=UTC)
    take(here, corpus.plain())
    (event,) = told(here)
    assert isinstance(event, ContactFormReceived)
    assert not event.late


@pytest.mark.parametrize(
    ("mail", "kind", "faults"),
    [
        (
            corpus.incomplete,
            "contact_form_incomplete",
            [
                "“手机”没有填写。",
                "“电子邮箱”格式不正确，例如name@example.com，表中写的是“zhang#hbe.example”。",
            ],
        ),
        (corpus.scanned, "mail_waiting", []),
        (corpus.old_word, "mail_waiting", []),
        (corpus.broken_docx, "mail_waiting", []),
        (corpus.malformed, "mail_waiting", []),
    ],
)
def test_a_mail_that_breaks_a_rule_is_answered_with_what_to_do(
    here: Given, mail: Callable[[], bytes], kind: str, faults: list[str]
) -> None:
    take(here, mail())
    letter = here.letter()
    assert (letter.kind, letter.email, letter.values["faults"]) == (kind, corpus.FROM, faults)


def test_the_words_of_the_answers(here: Given) -> None:
    take(here, corpus.incomplete(), corpus.scanned())
    texts = {
        letter.kind: here.app.paper.write(letter, campaign=here.app.campaign(""), at=NOW).text
        for letter in here.letters()
    }
    assert (
        "您发来的联系人信息表（附表2）已收到，但以下2处需要补充或更正，补齐后才能开通管理员账号："
        in texts["contact_form_incomplete"]
    )
    assert "- “手机”没有填写。\n" in texts["contact_form_incomplete"]
    assert (
        "您的来信“湖北省联系人信息表（盖章扫描件）”已收到，平台未能自动读出其中的联系人信息表，"
        "工作人员将人工处理，并与您联系。"
    ) in texts["mail_waiting"]


def test_an_incomplete_form_is_told_with_what_it_misses(here: Given) -> None:
    take(here, corpus.incomplete())
    (event,) = told(here)
    assert isinstance(event, ContactFormReceived)
    assert (event.missing, event.mobile, event.email) == (("手机", "电子邮箱"), "", "zhang#hbe.example")
    assert mails(here)[0].state is MailState.INCOMPLETE


def test_the_same_message_is_taken_and_answered_once(here: Given) -> None:
    take(here, corpus.plain(), b"Received: from elsewhere\r\n" + corpus.plain())
    assert (len(mails(here)), len(told(here)), len(here.letters())) == (1, 1, 1)


def test_cut_down_before_the_mark_a_mail_changes_nothing_the_second_time(
    here: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.mailbox.deliver(corpus.plain())

    def killed(uid: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(here.mailbox, "mark_seen", killed)
    with pytest.raises(KeyboardInterrupt):
        empty_mailbox(here.app)
    monkeypatch.undo()
    empty_mailbox(here.app)
    assert (len(mails(here)), len(told(here)), len(here.letters())) == (1, 1, 1)


def test_without_its_original_kept_a_mail_is_not_taken(here: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    here.mailbox.deliver(corpus.plain())

    def away(key: str, content: bytes) -> None:
        raise Away("objects")

    monkeypatch.setattr(here.originals, "keep", away)
    with pytest.raises(Away):
        empty_mailbox(here.app)
    assert mails(here) == []
    with here.mailbox.open() as opened:
        assert opened.unseen() == ["1"]


def test_an_automatic_reply_is_ignored_and_never_answered(here: Given) -> None:
    take(here, corpus.auto_reply())
    assert (mails(here)[0].state, here.letters(), told(here)) == (MailState.IGNORED, [], [])


def test_a_mail_from_our_own_address_is_never_answered(here: Given) -> None:
    take(here, corpus.plain().replace(corpus.FROM.encode(), here.app.settings.sender.encode()))
    assert (mails(here)[0].state, here.letters()) == (MailState.IGNORED, [])


@pytest.mark.parametrize("report", [corpus.bounce, corpus.chinese_bounce])
def test_a_bounce_marks_its_letter(here: Given, report: Callable[[str], bytes]) -> None:
    here.app.letters.create(a_letter(state=LetterState.SENT))
    take(here, report(here.letter().message_id))
    assert here.letter().state is LetterState.BOUNCED
    assert here.letter().reason in ("smtp; 550 5.1.1 user unknown", "550 User not found: nobody@163.example")
    assert mails(here)[0].state is MailState.BOUNCE


def test_a_report_of_delay_marks_nothing(here: Given) -> None:
    here.app.letters.create(a_letter(state=LetterState.SENT))
    take(here, corpus.bounce(here.letter().message_id, action="delayed"))
    assert here.letter().state is LetterState.SENT


def test_a_bounce_of_a_letter_nobody_knows_is_kept(here: Given) -> None:
    take(here, corpus.bounce("<00000000-0000-5000-8000-000000000000.0@zhengji.example>"))
    assert mails(here)[0].state is MailState.BOUNCE


def test_nobody_is_answered_without_end(start: Callable[..., Given]) -> None:
    here = start(answers_per_sender_and_day=2)
    take(here, *(corpus.plain().replace(b"430079", str(430000 + n).encode()) for n in range(4)))
    assert (len(mails(here)), len(here.letters())) == (4, 2)


def test_before_the_campaign_is_heard_mails_stay(here: Given) -> None:
    here.app.database.collection("campaigns").delete_many({})
    here.app.campaigns._known.clear()
    here.app.campaigns._looked_at = 0
    here.mailbox.deliver(corpus.plain())
    assert not empty_mailbox(here.app)
    with here.mailbox.open() as opened:
        assert opened.unseen() == ["1"]


def test_a_mail_larger_than_one_may_fetch_waits_for_a_person(start: Callable[..., Given]) -> None:
    here = start(mail_most_bytes=500)
    take(here, corpus.plain())
    (mail,) = mails(here)
    assert (mail.state, mail.reason) == (
        MailState.WAITING,
        "邮件超过大小上限，只保存了开头部分，完整邮件仍在邮箱中。",
    )


# A person


def registered(here: Given, **changes: str) -> None:
    form = ContactForm(**{name: getattr(WHOLE, name) for name in WHOLE.__dataclass_fields__} | changes)
    mail_id = mails(here)[0].id
    register_form(here.app, RegisterForm(mail_id=mail_id, form=form, province="420000", by="o1", command="c1"))


def test_a_person_registers_what_the_machine_could_not_read(here: Given) -> None:
    take(here, corpus.scanned())
    registered(here)
    registered(here)
    (event,) = told(here)
    assert isinstance(event, ContactFormReceived)
    assert (event.unit, event.province, event.missing) == (WHOLE.unit, "420000", ())
    assert mails(here)[0].state is MailState.SETTLED
    assert [letter.kind for letter in here.letters()] == ["contact_form_received", "mail_waiting"]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"mobile": "12345"}, "mobile", "“手机”应为11位数字，例如13800001234，表中写的是“12345”。"),
        ({"unit": ""}, "unit", "“单位名称”没有填写。"),
        ({"email": "nowhere"}, "email", "“电子邮箱”格式不正确，例如name@example.com，表中写的是“nowhere”。"),
        ({"postcode": "43"}, "postcode", "“邮政编码”应为6位数字，表中写的是“43”。"),
    ],
)
def test_what_a_person_registers_is_judged_too(here: Given, changes: dict[str, str], field: str, message: str) -> None:
    take(here, corpus.scanned())
    with pytest.raises(Refused) as refused:
        registered(here, **changes)
    assert (refused.value.field, refused.value.message) == (field, message)
    assert told(here) == []


def test_a_person_sets_a_mail_aside_with_a_reason(here: Given) -> None:
    take(here, corpus.scanned())
    mail_id = mails(here)[0].id
    with pytest.raises(Refused) as refused:
        set_mail_aside(here.app, mail_id, reason=" ", by="o1", command="c1")
    assert refused.value.message == "请填写处理说明。"
    set_mail_aside(here.app, mail_id, reason="已电话联系", by="o1", command="c2")
    assert (mails(here)[0].state, mails(here)[0].reason) == (MailState.SETTLED, "已电话联系")
    with pytest.raises(Refused) as refused:
        set_mail_aside(here.app, mail_id, reason="再次", by="o1", command="c3")
    assert refused.value.message == "这封来信已经处理。"


# The mailbox and the store, in memory and for real


class RealMailbox:
    """GreenMail: filled by SMTP, read by IMAP."""

    def __init__(self) -> None:
        self.address = f"campaign-{uuid.uuid4().hex[:8]}@zhengji.example"
        self.mailbox = ImapMailbox(
            host=setting("IMAP_HOST"),
            port=int(setting("IMAP_PORT")),
            user=self.address,
            password="any",
            secure=False,
        )

    def deliver(self, raw: bytes) -> None:
        post = SmtpPost(
            host=setting("SMTP_HOST"), port=int(setting("SMTP_PORT")), user="", password="", security="none"
        )
        content = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        post.send(Parcel(sender=corpus.FROM, recipient=self.address, message_id="", content=content))
        post.close()


@pytest.fixture(params=["memory", "greenmail"])
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[Mailbox, Callable[[bytes], Any]]]:
    """A mailbox and how mails get into it: what is promised holds for both kinds."""
    if request.param == "memory":
        memory = MemoryMailbox()
        yield memory, memory.deliver
    else:
        real = RealMailbox()
        yield real.mailbox, real.deliver


def test_a_mail_is_fetched_without_a_mark_and_marked_when_it_is_kept(
    filled: tuple[Mailbox, Callable[[bytes], Any]],
) -> None:
    mailbox, deliver = filled
    deliver(corpus.plain())
    deliver(corpus.raw_gbk())
    for _ in range(2):
        with mailbox.open() as opened:
            uids = opened.unseen()
            assert len(uids) == 2
            first = opened.fetch(uids[0], most=10**6)
            assert first is not None
            assert first.whole
            assert WITH_COLONS.encode().strip() in first.raw.replace(b"\r\n", b"\n")
            assert timedelta(0) <= datetime.now(UTC) - first.at < timedelta(minutes=5)
    with mailbox.open() as opened:
        opened.mark_seen(uids[0])
    with mailbox.open() as opened:
        assert opened.unseen() == uids[1:]
    mailbox.ping()


def test_of_a_large_mail_the_beginning_is_fetched(filled: tuple[Mailbox, Callable[[bytes], Any]]) -> None:
    mailbox, deliver = filled
    deliver(corpus.plain())
    with mailbox.open() as opened:
        found = opened.fetch(opened.unseen()[0], most=200)
        assert found is not None
        assert (len(found.raw), found.whole) == (200, False)
        assert opened.fetch("9999", most=200) is None


def test_a_mailbox_nobody_runs_is_away() -> None:
    mailbox = ImapMailbox(host="127.0.0.1", port=9, user="a", password="b", secure=False)
    with pytest.raises(Away):
        mailbox.ping()
    with pytest.raises(Away), mailbox.open():
        pytest.fail("nobody is there")


@pytest.fixture(params=["memory", "minio"])
def originals(request: pytest.FixtureRequest) -> Originals:
    """Where originals are kept: what is promised holds for both kinds."""
    if request.param == "memory":
        return MemoryOriginals()
    names = ("s3_endpoint", "s3_public_endpoint", "s3_access_key", "s3_secret_key", "s3_region")
    objects = Objects(some_settings(s3_bucket="test-notify", **{name: setting(name.upper()) for name in names}))
    objects.ensure_bucket()
    return StoredOriginals(objects)


def test_an_original_is_kept_byte_by_byte(originals: Originals) -> None:
    key = f"mail/{uuid.uuid4()}.eml"
    originals.keep(key, corpus.raw_gbk())
    originals.keep(key, corpus.raw_gbk())
    assert b"".join(originals.chunks(key)) == corpus.raw_gbk()
    assert key in originals.reading_address(key, name="来信原件.eml")


def test_the_whole_corpus_through_the_real_mailbox(start: Callable[..., Given]) -> None:
    real = RealMailbox()
    here = start()
    here.app = replace(here.app, mailbox=real.mailbox)
    readable = [
        corpus.plain,
        corpus.gb2312_split,
        corpus.raw_gbk,
        corpus.html_only,
        corpus.docx_rfc2231,
        corpus.docx_encoded_word,
        corpus.docx_raw_name,
        corpus.nested,
    ]
    others = [
        corpus.incomplete,
        corpus.scanned,
        corpus.old_word,
        corpus.broken_docx,
        corpus.malformed,
        corpus.auto_reply,
    ]
    for make in [*readable, *others]:
        real.deliver(make())
    empty_mailbox(here.app)
    states = sorted(mail.state.value for mail in mails(here))
    assert states == ["form"] * 8 + ["ignored", "incomplete"] + ["waiting"] * 4
    forms = [event for event in told(here) if isinstance(event, ContactFormReceived) and not event.missing]
    assert {(event.unit, event.mobile, event.email, event.province) for event in forms} == {
        (WHOLE.unit, WHOLE.mobile, WHOLE.email, "420000")
    }
    assert not empty_mailbox(here.app)
