"""What tests of notify begin with: a campaign, an app whose mail server and mailbox are in memory, events as heard."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nacl.public import PrivateKey

from services.notify import store, wiring
from services.notify.adapters.memory import MemoryMailbox, MemoryOriginals, MemoryPost
from services.notify.app import App
from services.notify.domain.letter import Addressee, Letter, LetterState, Whom, message_id
from services.notify.handlers import REACTIONS
from services.notify.settings import NotifySettings
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.base import Event
from shared.events.intake import AuthorContact, AuthorContacts, CaseSubmittedInFull, Sheet, SheetAuthor, StoredFile
from shared.events.review import CampaignPublished
from shared.events.wire import Heard
from shared.records import derived_id
from shared.worker import ensure_shared_indexes
from tests.browser.gallery import AUTHOR_KEY, STAFF_KEY
from tests.conftest import setting

CAMPAIGN_FILE = Path("campaigns/2024-teacher-training.yaml")
NOW = datetime(2024, 10, 14, 6, 3, 22, 123000, tzinfo=UTC)
PRIVATE_KEY = base64.b64encode(bytes(range(32))).decode()
PUBLIC_KEY = base64.b64encode(bytes(PrivateKey(bytes(range(32))).public_key)).decode()
CASE = "6a1f7f7e-1111-5222-8333-444455556666"
OWNER = "author-account-1"


def the_campaign() -> Campaign:
    """The notice of 2024."""
    return load_campaign(CAMPAIGN_FILE)


def some_settings(**changes: Any) -> NotifySettings:
    """Settings as a test stack has them; nothing is read from the environment but the addresses of servers."""
    values: dict[str, Any] = {
        "mongo_uri": setting("MONGO_URI"),
        "kafka_servers": "unused:9092",
        "s3_endpoint": "http://unused:9000",
        "s3_public_endpoint": "http://unused:9000",
        "s3_access_key": "unused",
        "s3_secret_key": "unused",
        "public_url": "https://huodong.example.cn",
        "secret_key": "for-tests-only",
        "author_public_keys": [{"kid": AUTHOR_KEY.kid, "key": AUTHOR_KEY.public()}],
        "staff_public_keys": [{"kid": STAFF_KEY.kid, "key": STAFF_KEY.public()}],
        "letter_private_key": PRIVATE_KEY,
        "smtp_host": "unused",
        "imap_host": "unused",
        "imap_user": "jsyxmoe@zhengji.example",
        "imap_password": "unused",
        "mail_from": "",
    }
    return NotifySettings(**{**values, **changes})


@dataclass
class Given:
    """An app with its twins in memory, and how to let it hear."""

    app: App
    post: MemoryPost
    mailbox: MemoryMailbox
    originals: MemoryOriginals
    clock: FixedClock
    seqs: dict[tuple[str, str], int]

    def hear(self, event: Event, *, subject: str = "", id: str = "", replay: bool = False) -> Heard:
        """Let the app react to an event; gives it as heard, to be heard again."""
        heard = self.as_heard(event, subject=subject, id=id, replay=replay)
        self.react(heard)
        return heard

    def as_heard(self, event: Event, *, subject: str = "", id: str = "", replay: bool = False) -> Heard:
        """The event with the next number of its subject."""
        subject = subject or event.key() or "subject"
        seq = self.seqs[(event.topic, subject)] = self.seqs.get((event.topic, subject), 0) + 1
        return Heard(
            id=id or derived_id("event", event.topic, subject, seq),
            event=event,
            type=event.type(),
            topic=event.topic,
            subject=subject,
            seq=seq,
            epoch=1,
            key=subject,
            time=self.clock(),
            correlation="c0ffee00c0ffee00",
            replay=replay,
        )

    def react(self, heard: Heard) -> None:
        """Hear it, once more if need be."""
        REACTIONS[type(heard.event)](self.app, heard)

    def letters(self, **query: Any) -> list[Letter]:
        """Every letter that fits, by kind and address."""
        found = [self.app.letters.get(row["_id"]) for row in self.app.letters.rows(query, only=("_id",))]
        return sorted(found, key=lambda letter: (letter.kind, letter.email))

    def letter(self, **query: Any) -> Letter:
        """The only letter that fits."""
        (found,) = self.letters(**query)
        return found


def given(prefix: str, **changes: Any) -> Given:
    """An app on a database of its own that has heard the campaign."""
    clock = FixedClock(NOW)
    post, mailbox, originals = MemoryPost(), MemoryMailbox(clock), MemoryOriginals()
    app = wiring.build(
        some_settings(mongo_prefix=prefix, **changes), clock=clock, post=post, mailbox=mailbox, originals=originals
    )
    store.ensure_indexes(app.database)
    ensure_shared_indexes(app.database, clock=clock)
    started = Given(app, post, mailbox, originals, clock, {})
    campaign = the_campaign()
    started.hear(
        CampaignPublished(
            campaign_id=campaign.id,
            revision=campaign.revision,
            campaign=campaign.model_dump(mode="json"),
            at=NOW,
        )
    )
    return started


# Events


def submitted(**changes: Any) -> CaseSubmittedInFull:
    """A case with its receipt."""
    values: dict[str, Any] = {
        "campaign_id": "2024-teacher-training",
        "case_id": CASE,
        "case_version": 1,
        "number": "2024-42-000317",
        "province": "420000",
        "city": "武汉市",
        "unit": "武汉市江汉区教育局",
        "unit_type": "district",
        "account_id": OWNER,
        "sheet": Sheet(
            title="“智研共同体”：县域教师数字素养提升的三年实践",
            category="region",
            summary="概述",
            authors=(
                SheetAuthor(name="王芳", unit="武汉市江汉区教育局", title="教研员", person="p1"),
                SheetAuthor(name="李明", unit="武汉市第一中学", title="教师", person="p2"),
            ),
            declared=True,
            consents=(),
        ),
        "files": (
            StoredFile(
                file_id="f1", role="document", name="案例介绍.docx", size=48_211, sha256="ab" * 32, object_key="k1"
            ),
            StoredFile(
                file_id="f2",
                role="material",
                name="关于开展县域教师研修的通知.pdf",
                size=1_258_291,
                sha256="cd" * 32,
                object_key="k2",
            ),
        ),
        "unsigned": ("李明",),
        "at": NOW,
    }
    return CaseSubmittedInFull(**{**values, **changes})


def contacts(*people: AuthorContact, **changes: Any) -> AuthorContacts:
    """How the authors of the case are reached."""
    values: dict[str, Any] = {
        "campaign_id": "2024-teacher-training",
        "case_id": CASE,
        "case_version": 1,
        "number": "2024-42-000317",
        "title": "“智研共同体”：县域教师数字素养提升的三年实践",
        "category": "region",
        "province": "420000",
        "contacts": people or (wang(), li()),
        "at": NOW,
    }
    return AuthorContacts(**{**values, **changes})


def wang(**changes: Any) -> AuthorContact:
    """The author who hands in."""
    values = {"person": "p1", "name": "王芳", "mobile": "13800001111", "email": "wang@school.example"}
    return AuthorContact(**{**values, "account_id": OWNER, **changes})


def li(**changes: Any) -> AuthorContact:
    """A co-author with e-mail, without an account."""
    return AuthorContact(
        **{"person": "p2", "name": "李明", "mobile": "13800002222", "email": "li@qq.example", **changes}
    )


# Letters


def a_letter(kind: str = "receipt", **changes: Any) -> Letter:
    """A letter to 王芳 that is due."""
    letter_id = changes.pop("id", derived_id("letter", kind))
    values: dict[str, Any] = {
        "kind": kind,
        "campaign_id": "2024-teacher-training",
        "to": Addressee(whom=Whom.ADDRESS, name="王芳", email="wang@school.example"),
        "state": LetterState.WAITING,
        "created": NOW,
        "due": NOW,
        "message_id": message_id(letter_id, "zhengji.example"),
        "correlation": "c0ffee00c0ffee00",
        "name": "王芳",
        "email": "wang@school.example",
        "domain": "school.example",
        "case_id": CASE,
        "values": dict(VALUES.get(kind, {})),
    }
    return Letter(id=letter_id, **{**values, **changes})


_FORM = {
    "unit": "湖北省电化教育馆",
    "department": "教师培训部",
    "name": "张三",
    "post": "主任",
    "mobile": "13800001234",
    "email": "zhang@hbe.example",
}
_FACTS = {"number": "2024-42-000317", "title": "“智研共同体”：县域教师数字素养提升的三年实践", "author_name": "王芳"}
_CODE = {"expires": NOW + timedelta(hours=72)}

VALUES: Mapping[str, Mapping[str, Any]] = {
    "receipt": _FACTS
    | {
        "category": "region",
        "province": "420000",
        "case_version": 1,
        "authors": ["王芳", "李明"],
        "files": ["案例介绍文档：案例介绍.docx（47 KB）", "支撑材料：关于开展县域教师研修的通知.pdf（1.2 MB）"],
        "unsigned": ["李明"],
        "hashes": [["案例介绍.docx", "ab" * 32], ["关于开展县域教师研修的通知.pdf", "cd" * 32]],
        "receipt": {"text": '{"kid":"k","signature":"…"}', "code": "ABCD-2345-EFGH-6789", "sheet_sha256": "ef" * 32},
        "at": NOW,
    },
    "findings": _FACTS
    | {
        "outcome": "failed",
        "case_version": 1,
        "findings": [
            "案例介绍.docx：正文共3126字，超过3000字的上限。",
            "案例介绍.docx：没有找到“特色与创新”部分，如已写明，请检查标题。",
        ],
        "total": 2,
    },
    "reminder": {
        "case_title": "“智研共同体”：县域教师数字素养提升的三年实践",
        "standing": "changed",
        "case_version": 1,
        "missing": 2,
        "hours": 24,
        "until": NOW + timedelta(hours=24),
    },
    "password_reset": _CODE,
    "co_author": _CODE
    | {
        "case_title": "“智研共同体”：县域教师数字素养提升的三年实践",
        "category": "region",
        "given": {
            "name": "李明",
            "unit": "武汉市第一中学",
            "post": "一级教师",
            "mobile": "138****2222",
            "email": "li@qq.example",
        },
        "given_by": "王芳",
        "given_by_unit": "武汉市江汉区教育局",
    },
    "co_author_refused": {
        "case_title": "“智研共同体”：县域教师数字素养提升的三年实践",
        "co_author": "李明",
        "handed_in": True,
        "at": NOW,
    },
    "activation_code": _CODE | {"role": "province", "province": "420000"},
    "contact_form_received": {
        "form": _FORM,
        "unit": _FORM["unit"],
        "faults": [],
        "late": False,
        "mail_subject": "联系人信息表",
    },
    "contact_form_incomplete": {
        "form": _FORM | {"mobile": "1380000", "email": ""},
        "unit": _FORM["unit"],
        "faults": [
            "“手机”应为11位数字，例如13800001234，表中写的是“1380000”。",
            "“电子邮箱”没有填写。",
        ],
        "late": True,
        "mail_subject": "联系人信息表",
    },
    "mail_waiting": {
        "form": {},
        "unit": "",
        "faults": [],
        "late": False,
        "mail_subject": "湖北省联系人信息表（盖章扫描件）",
    },
    "contact_refused": {"province": "420000", "contact_name": "张三", "reason": "手机号与单位座机区号不符，请核对。"},
    "shortlist": {"province": "420000", "count": 187, "at": NOW},
    "assignment": {"count": 16},
    "result": _FACTS | {"outcome": "exemplary"},
    "certificate": _FACTS | {"certificate_number": "2024-ZY-7KQP3M", "outcome": "exemplary"},
    "certificate_replaced": _FACTS | {"certificate_number": "2024-ZY-7KQP3N"},
    "certificate_revoked": _FACTS | {"certificate_number": "2024-ZY-7KQP3M", "reason": "案例被取消资格", "at": NOW},
    "handover_offered": {"case_title": "智研共同体", "holder": "王芳", "at": NOW},
    "handover": {
        "case_title": "智研共同体",
        "taken": True,
        "holder": "李明",
        "co_author": "王芳",
        "is_theirs": True,
        "at": NOW,
    },
    "transfer": _FACTS | {"province": "420000", "declined": False, "why": "作者已调入贵省工作", "at": NOW},
    "case_moved": _FACTS
    | {
        "source": "420000",
        "target": "320000",
        "to_author": True,
        "why": "转出：作者已调往江苏；接收：情况属实",
        "at": NOW,
    },
    "not_eligible": _FACTS | {"reason": "案例主体内容与报送类型不符", "at": NOW},
    "disqualification": _FACTS | {"province": "420000", "reason": "fraud", "at": NOW},
    "disqualification_province": _FACTS | {"province": "420000", "reason": "fraud", "at": NOW},
}
"""What the templates of each kind are given."""
