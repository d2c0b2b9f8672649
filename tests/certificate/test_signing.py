"""Signatures that independent tools accept, and what they refuse (E2)."""

from __future__ import annotations

import io
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from services.certificate.adapters.signing import PdfJudge, PdfSigner, keys_in, new_authority, pem_blocks
from tests.certificate.samples import LATER, PUBLISHED, WORDING, a_print, keys, typesetter


def signed(organisation: str = "征集平台") -> bytes:
    return _signed(organisation)


@cache
def _signed(organisation: str) -> bytes:
    pdf = typesetter().pdf(a_print())
    return PdfSigner(keys(organisation)).signed(pdf, at=LATER, issuer=WORDING.issuer, reason="颁发电子证书")


def judge(organisation: str = "征集平台") -> PdfJudge:
    return PdfJudge([keys(organisation).authority])


def test_our_own_judge_accepts_it() -> None:
    found = judge().verify_pdf(signed())
    assert (found.valid, found.intact, found.trusted, found.reason) == (True, True, True, "")
    assert (found.signer, found.signed_at) == ("征集平台 电子证书签章", LATER)


def test_poppler_accepts_it(tmp_path: Path) -> None:
    (tmp_path / "c.pdf").write_bytes(signed())
    said = subprocess.run(["pdfsig", str(tmp_path / "c.pdf")], capture_output=True, text=True).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


def test_the_same_pdf_and_instant_give_the_same_bytes() -> None:
    pdf = typesetter().pdf(a_print())
    again = PdfSigner(keys()).signed(pdf, at=LATER, issuer=WORDING.issuer, reason="颁发电子证书")
    assert again == signed()


def test_nothing_in_a_signed_pdf_tells_when_it_was_really_made() -> None:
    """One that is made again, after a crash or a restore, has to be the same to the byte."""
    assert PdfFileReader(io.BytesIO(signed())).document_meta_view.last_modified == LATER


@pytest.mark.parametrize("share", [0.001, 0.1, 0.3, 0.5, 0.7, 0.85, 0.999])
def test_one_changed_byte_is_refused(share: float, tmp_path: Path) -> None:
    pdf = bytearray(signed())
    pdf[int(len(pdf) * share)] ^= 0x01
    found = judge().verify_pdf(bytes(pdf))
    assert not found.valid
    assert found.reason


def test_poppler_refuses_a_changed_byte(tmp_path: Path) -> None:
    pdf = bytearray(signed())
    pdf[len(pdf) // 3] ^= 0x01
    (tmp_path / "c.pdf").write_bytes(pdf)
    said = subprocess.run(["pdfsig", str(tmp_path / "c.pdf")], capture_output=True, text=True).stdout
    assert "Signature is Valid" not in said


def test_a_foreign_signature_is_untrusted() -> None:
    found = judge().verify_pdf(signed("别的机构"))
    assert (found.valid, found.intact, found.trusted) == (False, True, False)
    assert found.reason == "签名不是由本平台的签发机构作出的。"


def test_an_added_revision_is_refused() -> None:
    assert judge().verify_pdf(signed() + b"\n").valid is False
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(signed())) as pdf:
        pdf.docinfo["/Title"] = "another"
        pdf.save(out)
    assert judge().verify_pdf(out.getvalue()).valid is False


@pytest.mark.parametrize(
    ("pdf", "reason"),
    [
        (b"", "这不是 PDF 文件。"),
        (b"PK\x03\x04", "这不是 PDF 文件。"),
        (b"%PDF-1.7 nothing", "文件已被改动或已损坏，无法读取其签名。"),
    ],
)
def test_whatever_is_uploaded_gets_an_answer(pdf: bytes, reason: str) -> None:
    assert judge().verify_pdf(pdf).reason == reason


def test_an_unsigned_certificate_is_refused() -> None:
    found = judge().verify_pdf(typesetter().pdf(a_print()))
    assert (found.valid, found.reason) == (False, "文件中没有电子签名，不是本平台颁发的证书。")


def test_what_a_retired_authority_signed_stays_good() -> None:
    roots = [keys("另一机构").authority, keys(year=2025).authority, keys().authority]
    assert PdfJudge(roots).verify_pdf(signed()).valid
    assert PdfJudge(roots[::-1]).verify_pdf(signed()).valid
    assert not PdfJudge(roots[:2]).verify_pdf(signed()).valid


def test_processes_that_ask_at_once_share_one_authority(tmp_path: Path) -> None:
    folder = tmp_path / "signing"
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(keys_in, folder, organisation="征集平台", now=PUBLISHED) for _ in range(4)]
    assert len({found.result() for found in asked}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["signing"]
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}


def test_pem_texts_are_told_apart() -> None:
    pems = [new_authority(organisation="征集平台", now=PUBLISHED)["ca.pem"] for _ in range(2)]
    assert pem_blocks(b"".join(pems)) == tuple(pems)
    assert pem_blocks(b"") == ()
