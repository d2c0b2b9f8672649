"""What a receipt attests, how it is signed, and that one changed byte is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake.adapters.receipt_pdf import PrintedFile, PrintedReceipt, ReceiptPrinter
from services.intake.adapters.seal import CHANGED, MOST_BYTES, NOT_A_RECEIPT, TOO_BIG, UNKNOWN_KEY, Judge, Seal
from services.intake.domain.number import number_as_typed
from services.intake.domain.receipt import canonical, code_as_typed, code_of, document, sheet, sheet_sha256
from services.intake.domain.version import Version
from shared.events.intake import CaseSubmittedInFull
from shared.identity import SigningKey
from shared.trouble import Refused
from tests.intake.cases import CAMPAIGN, NOON, WANG, a_case, submit

OLD = SigningKey(kid="receipts-1", key=base64.b64encode(b"o" * 32).decode())
NEW = SigningKey(kid="receipts-2", key=base64.b64encode(b"n" * 32).decode())
NUMBER = "2024-482-130-572"


def a_version() -> Version:
    case = a_case()
    submit(case, at=NOON + timedelta(milliseconds=7))
    return case.versions[0]


def a_document() -> dict[str, Any]:
    return dict(document(CAMPAIGN.id, NUMBER, a_version()))


def test_a_receipt_attests_number_time_zone_version_names_and_hashes() -> None:
    attested = a_document()
    assert attested["number"] == NUMBER
    assert attested["received_at"] == "2024-10-10T12:00:00.007+08:00"
    assert attested["time_zone"] == "Asia/Shanghai"
    assert attested["version"] == 1
    assert attested["authors"] == [
        {"name": "王小明", "unit": "南京市第一中学"},
        {"name": "李明", "unit": "南京市第一中学"},
    ]
    assert [(file["name"], file["sha256"]) for file in attested["files"]] == [
        ("案例.docx", "a" * 64),
        ("通知.pdf", "a" * 64),
    ]
    assert attested["sheet_sha256"] == hashlib.sha256(canonical(sheet(a_version()))).hexdigest()


def test_the_canonical_form_is_fixed() -> None:
    """Bytes that programs of others arrive at by RFC 8785; changing them would break every receipt that is out."""
    assert canonical({"b": 'é\n"𠮷', "a": [1, None, True]}) == '{"a":[1,null,true],"b":"é\\n\\"𠮷"}'.encode()
    assert code_of({"number": NUMBER}) == "D6GG-K4NT-7JVM-FCXT"


def test_the_sheet_is_hashed_whole_but_for_mobiles_and_mails() -> None:
    version = a_version()
    written = canonical(sheet(version)).decode()
    assert WANG.mobile not in written
    assert WANG.email not in written
    first, *others = version.authors.people
    reached = replace(version.authors, people=(replace(first, mobile="13811112222", email="x@y.cn"), *others))
    renamed = replace(version.authors, people=(replace(first, title="一级教师"), *others))
    assert sheet_sha256(replace(version, authors=reached)) == sheet_sha256(version)
    for other in (
        replace(version, authors=renamed),
        replace(version, about=replace(version.about, summary=version.about.summary + " ")),
        replace(version, declaration=replace(version.declaration, sources="见文末")),
        replace(version, declaration=replace(version.declaration, consents=version.declaration.consents[1:])),
    ):
        assert sheet_sha256(other) != sheet_sha256(version)


@pytest.mark.parametrize(
    "written", ["3K16-9AS9-E3PP-VVD2", "3k16 9as9 e3pp vvd2", "3KI69AS9E3PPVVD2", "３K16—9AS9—E3PP—VVD2"]
)
def test_a_code_is_read_however_it_is_set_apart(written: str) -> None:
    assert code_as_typed(written) == "3K16-9AS9-E3PP-VVD2"


@pytest.mark.parametrize("written", ["", "3K16-9AS9-E3PP-VVD", "3K16-9AS9-E3PP-VVDU", "3K16-9AS9-E3PP-VVD22"])
def test_what_cannot_be_a_code_is_none(written: str) -> None:
    assert code_as_typed(written) is None


def test_a_number_is_read_however_it_is_set_apart() -> None:
    assert number_as_typed("２０２４ 482130572") == NUMBER
    assert number_as_typed("2024-482-130-573") is None


def test_a_submission_tells_the_signed_receipt() -> None:
    seal, case = Seal(NEW), a_case()
    case.submit(campaign=CAMPAIGN, by=WANG, received_at=NOON, number=NUMBER, sign=seal.sign)
    event = next(event for event in case.news if isinstance(event, CaseSubmittedInFull))
    assert event.receipt is not None
    assert seal.read(event.receipt.text.encode()) == document(CAMPAIGN.id, NUMBER, case.versions[0])
    assert event.receipt.code == code_of(document(CAMPAIGN.id, NUMBER, case.versions[0]))
    assert event.receipt.sheet_sha256 == sheet_sha256(case.versions[0])


def refusal(judge: Judge | Seal, file: bytes) -> str:
    with pytest.raises(Refused) as refused:
        judge.read(file)
    return refused.value.message


def is_said_of_a_change(said: str) -> bool:
    """A changed key id names a key that nobody has."""
    return said in (CHANGED, NOT_A_RECEIPT) or said.startswith("这份回执没有通过核验：签名所用的密钥（")


def a_pdf() -> bytes:
    """Bytes that end as a PDF does; what stands before is nothing to the seal."""
    return b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\nxref\n0 0\ntrailer\n<< >>\nstartxref\n34\n%%EOF\n"


@pytest.mark.parametrize("kind", ["json", "pdf"])
def test_no_byte_of_a_receipt_can_be_changed(kind: str) -> None:
    """Every byte, in three ways: one bit, another letter case, a space; and one byte more or less at every place."""
    seal = Seal(NEW)
    file = seal.sign(a_document()).encode() if kind == "json" else seal.sign_pdf(a_document(), a_pdf())
    assert seal.read(file) == a_document()
    for at in range(len(file)):
        for other in {file[at] ^ 1, file[at] ^ 0x20, 0x20} - {file[at]}:
            assert is_said_of_a_change(refusal(seal, file[:at] + bytes([other]) + file[at + 1 :]))
        assert refusal(seal, file[:at] + file[at + 1 :])
        assert refusal(seal, file[:at] + b"\n" + file[at:])
    assert refusal(seal, file + b"\n")


def test_the_words_say_what_is_wrong() -> None:
    seal = Seal(NEW)
    text = seal.sign(a_document())
    assert refusal(seal, text.replace("王小明", "王大明").encode()) == CHANGED
    assert refusal(seal, json.dumps(json.loads(text), indent=1).encode()) == CHANGED
    assert (
        refusal(seal, b"hello") == refusal(seal, b"{}") == refusal(seal, a_pdf()) == refusal(seal, b"") == NOT_A_RECEIPT
    )
    assert refusal(seal, b"[1]") == refusal(seal, b"\xff\xfe") == refusal(seal, b"[" * 100_000) == NOT_A_RECEIPT
    assert refusal(seal, b"%PDF-" + b"0" * MOST_BYTES) == TOO_BIG
    assert refusal(Seal(OLD), text.encode()) == UNKNOWN_KEY.format(kid="receipts-2")


def test_a_receipt_of_one_pdf_does_not_fit_another() -> None:
    seal = Seal(NEW)
    line = next(line for line in seal.sign_pdf(a_document(), a_pdf()).splitlines() if line.startswith(b"%zhengji"))
    other = a_pdf().replace(b"startxref", b"%other\n" + line + b"\nstartxref")
    assert refusal(seal, other) == CHANGED


def test_a_signed_text_in_a_pdf_without_the_hash_of_it_does_not_count() -> None:
    seal = Seal(NEW)
    line = b"%zhengji-receipt " + base64.b64encode(seal.sign(a_document()).encode()) + b"\n"
    assert refusal(seal, a_pdf().replace(b"startxref", line + b"startxref")) == CHANGED


def test_old_receipts_hold_after_the_key_was_rotated() -> None:
    text, pdf = Seal(OLD).sign(a_document()).encode(), Seal(OLD).sign_pdf(a_document(), a_pdf())
    retired = Judge({OLD.kid: OLD.public(), NEW.kid: NEW.public()})
    assert retired.read(text) == retired.read(pdf) == a_document()
    misnamed = text.replace(b'"receipts-1"', b'"receipts-2"')
    assert refusal(retired, misnamed) == CHANGED


def a_print(**fields: Any) -> PrintedReceipt:
    known: dict[str, Any] = {
        "heading": CAMPAIGN.title,
        "number": NUMBER,
        "version": "第1版",
        "received": "北京时间2024年10月10日12:00:00.007（Asia/Shanghai）",
        "title": "智研共同体",
        "category": "区域教师研修",
        "province": "江苏省",
        "authors": ("王小明（南京市第一中学）",),
        "code": "3K16-9AS9-E3PP-VVD2",
        "verify_url": "https://zhengji.example/receipts/verify",
        "kid": "receipts-2",
        "sheet_sha256": "b" * 64,
        "files": (PrintedFile(name="案例.docx", size="1000字节", sha256="a" * 64),),
        "issuer": CAMPAIGN.organiser,
    }
    return PrintedReceipt(**{**known, **fields})


def test_the_same_receipt_gives_the_same_pdf() -> None:
    assert ReceiptPrinter().pdf(a_print(), dated=NOON) == ReceiptPrinter().pdf(a_print(), dated=NOON)


def test_a_letter_that_no_font_has_does_not_cost_the_receipt() -> None:
    printer = ReceiptPrinter()
    with_stand_in = printer.pdf(a_print(title="〓共同体"), dated=NOON)
    assert printer.pdf(a_print(title="\U0001f9d1共同体"), dated=NOON) == with_stand_in
