"""Anybody: looks up certificates, downloads and verifies them, with and without the platform's help."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from zhengji.play.browser import Broken, Browser, File

_RESULT = re.compile(r"/results/[0-9a-f-]{36}$")
VALID, REVOKED = "证书有效", "证书已撤销"
NOT_GENUINE = "不能通过核验"


@dataclass(frozen=True)
class Found:
    """One certificate as the query shows it."""

    number: str
    holder: str
    title: str
    outcome: str
    download: str
    """Empty where there is nothing to download."""


class Reader:
    """A person without an account."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def query(self, name: str, mobile: str) -> list[Found]:
        """By name and the last four of the mobile."""
        form = self.browser.open("/certificates").form(field="last_four")
        page = self.browser.submit(form, {"name": name, "last_four": mobile[-4:]})
        if page.errors:
            return []
        links = {address.split("/")[-2]: address for _, address in page.links if address.endswith("/download")}
        return [
            Found(
                number=each["证书编号"],
                holder=each["获证人"],
                title=each.get("案例名称", ""),
                outcome=each["结果"],
                download=links.get(each["证书编号"], ""),
            )
            for each in page.facts()
            if "证书编号" in each
        ]

    def published_titles(self, campaign_id: str) -> set[str]:
        """The titles on the public list of a campaign, all pages; empty before publication."""
        titles: set[str] = set()
        page = self.browser.open(f"/results?campaign={campaign_id}")
        if page.status == 404:
            return titles  # other campaigns have their lists, and this one is not among them
        while True:
            titles |= {words for words, to in page.links if _RESULT.search(to)}
            onward = [to for words, to in page.links if "下一页" in words]
            if not onward:
                return titles
            page = self.browser.open(onward[0])

    def verify_number(self, number: str) -> str:
        """What the verification page says of a number."""
        return self.browser.open(f"/certificates/verify/{number}").text

    def verify_file(self, pdf: bytes) -> str:
        """What the page says of an uploaded file."""
        form = self.browser.open("/certificates/verify").form(field="file")
        return self.browser.submit(form, files={"file": File("certificate.pdf", pdf, "application/pdf")}).text

    def authority(self) -> bytes:
        """The authority's certificate, as anybody may download it."""
        return self.browser.fetch("/certificates/ca.pem")


def signature_holds(pdf: bytes, authority: bytes) -> bool:
    """Whether pyHanko, which knows nothing of the platform, accepts the signature."""
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(io.BytesIO(pdf))
    signatures = reader.embedded_signatures
    if len(signatures) != 1:
        raise Broken(f"a certificate has {len(signatures)} signatures")
    trusted = list(load_certs_from_pemder_data(authority))
    context = ValidationContext(trust_roots=trusted, allow_fetching=False)
    status = validate_pdf_signature(signatures[0], signer_validation_context=context)
    return bool(status.bottom_line)


def one_byte_changed(pdf: bytes) -> bytes:
    """The same file with one letter of its page changed."""
    at = len(pdf) // 3
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
