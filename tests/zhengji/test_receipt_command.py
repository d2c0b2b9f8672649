"""zhengji receipt verify: the same judgement as the page, from keys at hand or from the published ones."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.intake.adapters.receipt_pdf import PrintedReceipt, ReceiptPrinter
from services.intake.adapters.seal import CHANGED, NOT_A_RECEIPT, UNKNOWN_KEY, Seal
from shared.identity import SigningKey
from zhengji.__main__ import app

OLD = SigningKey(kid="receipts-1", key=base64.b64encode(b"o" * 32).decode())
NEW = SigningKey(kid="receipts-2", key=base64.b64encode(b"n" * 32).decode())
DOCUMENT = {"format": "zhengji-receipt/1", "number": "2024-482-130-572", "version": 2, "title": "智研共同体"}
GENUINE = "这份回执由本平台出具，真实有效，为第2版的回执。\n"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings files of a local stack whose key was rotated once."""
    for name in ("MONGO_URI", "KAFKA_SERVERS", "S3_ENDPOINT", "S3_PUBLIC_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
        monkeypatch.setenv(f"ZHENGJI_{name}", "nowhere")
    for name in ("PUBLIC_URL", "SECRET_KEY", "PERSON_SECRET"):
        monkeypatch.setenv(f"ZHENGJI_{name}", "http://nowhere")
    monkeypatch.setenv("ZHENGJI_AUTHOR_SIGNING_KEY", json.dumps({"kid": "a", "key": "a"}))
    (tmp_path / "env").mkdir()
    (tmp_path / "stack.env").write_text("")
    mine = {"kid": NEW.kid, "key": NEW.key}
    retired = [{"kid": OLD.kid, "key": OLD.public()}]
    (tmp_path / "env" / "intake.env").write_text(
        f"ZHENGJI_RECEIPT_SIGNING_KEY='{json.dumps(mine)}'\nZHENGJI_RECEIPT_PUBLIC_KEYS='{json.dumps(retired)}'\n"
    )
    return tmp_path


def pdf_of(key: SigningKey) -> bytes:
    printed = PrintedReceipt(
        heading="征集",
        number="2024-482-130-572",
        version="第2版",
        received="北京时间2024年10月10日12:00:00.007（Asia/Shanghai）",
        title="智研共同体",
        category="区域研修应用案例",
        province="江苏省",
        authors=("王小明（南京市第一中学）",),
        code="D6GG-K4NT-7JVM-FCXT",
        verify_url="https://zhengji.example/receipts/verify",
        kid=key.kid,
        sheet_sha256="b" * 64,
        files=(),
        issuer="组织单位",
    )
    return Seal(key).sign_pdf(DOCUMENT, ReceiptPrinter().pdf(printed, dated=datetime(2024, 10, 10, 4, tzinfo=UTC)))


def verify(file: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["receipt", "verify", str(file), *more])


@pytest.mark.parametrize("key", [OLD, NEW], ids=["retired", "present"])
def test_a_genuine_receipt(stack: Path, key: SigningKey) -> None:
    pdf, text = stack / "receipt.pdf", stack / "receipt.json"
    pdf.write_bytes(pdf_of(key))
    text.write_text(Seal(key).sign(DOCUMENT), encoding="utf-8")
    for file in (pdf, text):
        result = verify(file, "--var", str(stack))
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith(GENUINE)
        assert json.loads(result.stdout.removeprefix(GENUINE)) == DOCUMENT


def test_one_changed_byte_is_refused_in_the_pages_words(stack: Path) -> None:
    file, pdf = stack / "receipt.pdf", pdf_of(NEW)
    for at in (20, len(pdf) // 4, len(pdf) // 2, len(pdf) - 20, len(pdf) - 3):
        file.write_bytes(pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :])
        result = verify(file, "--var", str(stack))
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{CHANGED}\n"), at


def test_another_platforms_receipt_and_another_file_are_refused(stack: Path) -> None:
    other = SigningKey(kid="elsewhere", key=base64.b64encode(b"e" * 32).decode())
    file = stack / "receipt.json"
    file.write_text(Seal(other).sign(DOCUMENT), encoding="utf-8")
    assert verify(file, "--var", str(stack)).stderr == UNKNOWN_KEY.format(kid="elsewhere") + "\n"
    file.write_text("{}")
    assert verify(file, "--var", str(stack)).stderr == f"{NOT_A_RECEIPT}\n"


def test_anybody_verifies_by_the_published_keys(tmp_path: Path) -> None:
    file, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    file.write_text(Seal(OLD).sign(DOCUMENT), encoding="utf-8")
    keys.write_text(json.dumps({"keys": [{"kid": OLD.kid, "key": OLD.public()}]}))
    assert verify(file, "--keys", str(keys)).stdout.startswith(GENUINE)


def test_what_cannot_be_judged_is_one_line(tmp_path: Path) -> None:
    keys, gone = tmp_path / "keys.json", tmp_path / "gone.json"
    keys.write_text("[]")
    bad = verify(gone, "--keys", str(keys))
    assert (bad.exit_code, bad.stderr) == (
        2,
        f'{keys} does not hold keys as /receipts/keys.json gives them: {{"keys": [{{"kid", "key"}}]}}.\n',
    )
    keys.write_text('{"keys": []}')
    missing = verify(gone, "--keys", str(keys))
    assert (missing.exit_code, missing.stderr) == (2, f"{gone} cannot be read: No such file or directory.\n")
