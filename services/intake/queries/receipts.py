"""The receipt as page, as PDF and as signed text, and what holds of one that somebody shows."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime

from services.intake.adapters.receipt_pdf import PrintedFile, PrintedReceipt
from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.receipt import ZONE, canonical, code_of, document, sheet
from services.intake.domain.version import Version
from services.intake.domain.window import last_second
from services.intake.queries.files import FileLine, file_line
from services.intake.queries.lists import category_name
from shared.trouble import NotThere, Refused
from shared.web.wording import exact

VERIFYING = "核验中"
VERIFY_PATH = "/receipts/verify"
NO_SUCH = "编号与核验码不相符，没有查到这份回执。请对照回执逐位核对后重新填写；无误仍查不到的，不是本平台的回执。"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a receipt says. ``newer`` is the version that took the place of this one, 0 where none did."""

    case_id: str
    number: str
    version: int
    received: str
    title: str
    category: str
    province: str
    authors: tuple[str, ...]
    files: tuple[FileLine, ...]
    unsigned: tuple[str, ...]
    refused: int
    withdrawn_at: datetime | None
    disqualified: bool
    reported: bool
    closes: str
    is_over: bool
    late: bool
    other_versions: tuple[int, ...]
    newer: int
    code: str
    sheet_sha256: str
    kid: str
    verify_url: str


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A receipt to keep."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Genuine:
    """A receipt that holds. Its author alone learns the rest: the case, its ``newest`` version, a withdrawal."""

    number: str
    version: int
    case_id: str = ""
    newest: int = 0
    withdrawn_at: datetime | None = None
    whole: bool = True
    """Whether all of it was seen, as of a file; of a paper only number and code are."""


def receipt(app: App, case_id: str, account_id: str, *, version: int | None = None) -> Receipt:
    """The receipt of a version (the last one where none is named); NotThere where there is none."""
    case, found = _version(app, case_id, account_id, version)
    return _receipt(app, case, found)


def receipt_paper(app: App, case_id: str, account_id: str, *, kind: str, version: int | None = None) -> Paper:
    """The receipt as a file: ``pdf``, ``json`` (the signed text), or ``sheet`` (the bytes whose hash it bears)."""
    case, found = _version(app, case_id, account_id, version)
    number = case.number or ""
    name = f"{number}-第{found.version}版"
    if kind == "sheet":
        return Paper(name=f"案例信息表-{name}.json", content=canonical(sheet(found)), media_type="application/json")
    attested = document(case.campaign_id, number, found)
    if kind == "json":
        content = app.seal.sign(attested).encode()
        return Paper(name=f"报送回执-{name}.json", content=content, media_type="application/json")
    pdf = app.printer.pdf(_printed(app, case, found), dated=found.received_at)
    return Paper(name=f"报送回执-{name}.pdf", content=app.seal.sign_pdf(attested, pdf), media_type="application/pdf")


def verified_code(app: App, *, number: str, code: str, account_id: str) -> Genuine:
    """What holds of a receipt on paper; Refused alike for an unknown number and for a code of another receipt."""
    case = app.cases.find_by({"number": number})
    for version in case.versions if case else ():
        assert case is not None
        if hmac.compare_digest(code_of(document(case.campaign_id, number, version)), code):
            return replace(_genuine(case, number, version.version, account_id), whole=False)
    raise Refused("receipt-unknown", NO_SUCH)


def verified_file(app: App, file: bytes, *, account_id: str) -> Genuine:
    """What holds of a receipt's file; Refused says why it is none. The signature decides, not what is stored here."""
    attested = app.seal.read(file)
    number, version = str(attested["number"]), int(attested["version"])
    case = app.cases.find_by({"number": number})
    return _genuine(case, number, version, account_id)


def _genuine(case: Case | None, number: str, version: int, account_id: str) -> Genuine:
    if case is None or not case.versions or case.account_id != account_id:
        return Genuine(number=number, version=version)
    mine = next((each for each in case.versions if each.version == version), None)
    return Genuine(
        number=number,
        version=version,
        case_id=case.id,
        newest=case.versions[-1].version,
        withdrawn_at=mine.withdrawn_at if mine else None,
    )


def _version(app: App, case_id: str, account_id: str, version: int | None) -> tuple[Case, Version]:
    case = app.own_case(case_id, account_id)
    if version is not None and version > len(case.versions):  # handed in a moment ago, and read where it is not known
        case = app.cases.newest(case_id)
    found = [each for each in case.versions if version is None or each.version == version]
    if not found or case.number is None:
        raise NotThere("这个案例尚未报送，没有回执。")
    return case, found[-1]


def _on_receipt(line: FileLine) -> FileLine:
    """What a receipt bears is the author's hash until the bytes were hashed here, and it says so."""
    return replace(line, state=VERIFYING) if line.look == "doing" else line


def _received(version: Version) -> str:
    return f"北京时间{exact(version.received_at)}（{ZONE}）"


def _authors(case: Case, version: Version) -> tuple[str, ...]:
    """Who is printed: what a receipt attests stays as it was handed in, and names nobody who refused to be named."""
    named = (author for author in version.authors.people if author.person not in case.refused)
    return tuple(f"{author.name}（{author.unit}）" for author in named)


def _refused(case: Case, version: Version) -> tuple[str, ...]:
    return tuple(author.name for author in version.authors.people if author.person in case.refused)


def _receipt(app: App, case: Case, version: Version) -> Receipt:
    campaign = app.campaigns.get(case.campaign_id)
    checks = {check.file_id: check for check in case.checks}
    kinds = {kind.code: kind.name for kind in campaign.material_kinds}
    attested = document(case.campaign_id, case.number or "", version)
    last = case.versions[-1].version
    return Receipt(
        case_id=case.id,
        number=case.number or "",
        version=version.version,
        received=_received(version),
        title=version.about.title,
        category=category_name(campaign, version.about.category),
        province=campaign.province(version.by.province).name,
        authors=_authors(case, version),
        files=tuple(_on_receipt(file_line(file, checks.get(file.file_id), kinds)) for file in version.files),
        unsigned=tuple(name for name in version.unsigned if name not in _refused(case, version)),
        refused=len(_refused(case, version)),
        withdrawn_at=version.withdrawn_at,
        disqualified=bool(case.disqualified),
        reported=any(report.version == version.version for report in case.reports),
        closes=last_second(campaign.windows.submission),
        is_over=campaign.windows.submission.has_closed(app.clock()),
        late=bool(version.late),
        other_versions=tuple(each.version for each in case.versions if each.version != version.version),
        newer=last if last > version.version else 0,
        code=code_of(attested),
        sheet_sha256=attested["sheet_sha256"],
        kid=app.seal.kid,
        verify_url=_verify_url(app),
    )


def _printed(app: App, case: Case, version: Version) -> PrintedReceipt:
    campaign = app.campaigns.get(case.campaign_id)
    number = case.number or ""
    attested = document(case.campaign_id, number, version)
    return PrintedReceipt(
        heading=campaign.title,
        number=number,
        version=f"第{version.version}版",
        received=_received(version),
        title=version.about.title,
        category=category_name(campaign, version.about.category),
        province=campaign.province(version.by.province).name,
        authors=_authors(case, version),
        code=code_of(attested),
        verify_url=_verify_url(app),
        kid=app.seal.kid,
        sheet_sha256=attested["sheet_sha256"],
        files=tuple(PrintedFile(name=file.name, size=f"{file.size}字节", sha256=file.sha256) for file in version.files),
        issuer=campaign.organiser,
    )


def _verify_url(app: App) -> str:
    return f"{app.settings.public_url.rstrip('/')}{VERIFY_PATH}"
