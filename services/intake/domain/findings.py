"""What holds a submission back (V10), all at once, each with its words and its place on the pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.intake.domain.files import Check, File, megabytes, stored_materials
from services.intake.domain.mobile import is_mobile
from services.intake.domain.sheet import About, Authors, Declaration
from shared.campaign.model import Campaign
from shared.counting import count
from shared.trouble import Refused


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to mend: ``page`` and ``anchor`` are where."""

    code: str
    message: str
    page: str
    anchor: str = ""


class NotReady(Refused):
    """The case cannot be submitted yet; ``findings`` is the whole list."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("not-ready", f"报送前请完成以下{len(findings)}项。", status=422)
        self.findings = findings


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything that a submission is judged by."""

    about: About
    authors: Authors
    declaration: Declaration
    files: tuple[File, ...]
    checks: tuple[Check, ...]
    refused: frozenset[str] = frozenset()
    """Persons who do not agree to be named as authors."""


def blocking(draft: Draft, campaign: Campaign, *, submitter: str) -> tuple[Finding, ...]:
    """Everything that holds the draft back; ``submitter`` is the person whose account submits."""
    return (
        *sheet_findings(draft.about, campaign),
        *author_findings(draft.authors, campaign, submitter=submitter, refused=draft.refused),
        *document_findings(draft.files, draft.checks, campaign),
        *material_findings(draft.files, draft.checks, campaign),
        *signed_sheet_findings(draft.files, draft.checks, campaign),
        *declaration_findings(draft.declaration, campaign),
    )


def sheet_findings(about: About, campaign: Campaign) -> Iterator[Finding]:
    """案例名称, 案例类型, 案例概述, and what a studio gives besides."""
    for value, name, anchor in (
        (about.title, "案例名称", "title"),
        (about.category, "案例类型", "category"),
        (about.summary, "案例概述", "summary"),
    ):
        if not value.strip():
            yield _missing(name, "sheet", anchor)
    words = count(about.summary).low
    if words > campaign.limits.summary_words:
        over = words - campaign.limits.summary_words
        yield Finding(
            code="SUMMARY_TOO_LONG",
            message=f"案例概述{words}字，不超过{campaign.limits.summary_words}字，请删去至少{over}字。",
            page="sheet",
            anchor="summary",
        )
    if _is_studio(about, campaign):
        yield from _studio_findings(about)


def _studio_findings(about: About) -> Iterator[Finding]:
    if not about.studio.address.strip():
        yield _missing("工作室平台地址", "sheet", "studio_address")
    if about.studio.contribution is None:
        yield _missing("工作室年度贡献值", "sheet", "studio_contribution")
    if about.studio.live_sessions is None:
        yield _missing("工作室全年直播活动次数", "sheet", "studio_live_sessions")


def _is_studio(about: About, campaign: Campaign) -> bool:
    return any(category.code == about.category and category.studio for category in campaign.categories)


def author_findings(
    authors: Authors, campaign: Campaign, *, submitter: str, refused: AbstractSet[str] = frozenset()
) -> Iterator[Finding]:
    """At least one and at most three authors, each complete and not unwilling (L4), the submitter among them (I10)."""
    people = authors.people
    if not people:
        yield _missing("作者信息", "authors", "people-0-name")
        return
    if len(people) > campaign.limits.authors:
        yield _too_many(len(people), campaign.limits.authors)
    for place, author in enumerate(people):
        for value, name, field in (
            (author.name, "姓名", "name"),
            (author.unit, "工作单位", "unit"),
            (author.title, "职称/职务", "title"),
            (author.mobile, "手机", "mobile"),
        ):
            if not value.strip():
                yield _missing(f"第{place + 1}位作者的{name}", "authors", f"people-{place}-{field}")
        if author.mobile.strip() and not is_mobile(author.mobile):
            yield Finding(
                code="FIELD_MISSING",
                message=f"第{place + 1}位作者的手机号应为11位数字，请核对。",
                page="authors",
                anchor=f"people-{place}-mobile",
            )
        if author.person in refused:
            yield Finding(
                code="CO_AUTHOR_REFUSED",
                message=f"{author.name}已表示不同意列为作者，请从作者信息中删去；本人改变主意的，请其登录后确认。",
                page="authors",
                anchor=f"people-{place}-name",
            )
    if submitter not in {author.person for author in people}:
        yield Finding(
            code="FIELD_MISSING",
            message="作者信息中没有您本人：案例须由作者本人报送，请用您注册的手机号把自己列为作者。",
            page="authors",
            anchor="people-0-name",
        )


def _too_many(authors: int, limit: int) -> Finding:
    return Finding(
        code="TOO_MANY_AUTHORS",
        message=f"作者{authors}人，每件案例不超过{limit}人，请删去{authors - limit}人。",
        page="authors",
        anchor=f"people-{limit}-name",
    )


def document_findings(files: Iterable[File], checks: Iterable[Check], campaign: Campaign) -> Iterator[Finding]:
    """The case document is there, not too large, and not known to be unreadable."""
    documents = [file for file in files if file.role == "document" and not file.gone_at]
    if not documents:
        message = "请上传案例介绍文档（Word格式）。"
        yield Finding(code="DOCUMENT_ABSENT", message=message, page="document", anchor="file")
    yield from _file_findings(documents, checks, limit=campaign.limits.document_bytes, page="document")


def material_findings(files: Iterable[File], checks: Iterable[Check], campaign: Campaign) -> Iterator[Finding]:
    """At least one supporting material, together not over the limit, none with a known virus."""
    materials = [file for file in files if file.role == "material" and not file.gone_at]
    least, limit = campaign.limits.min_materials, campaign.limits.materials_bytes
    if len(materials) < least:
        yield Finding(code="MATERIAL_ABSENT", message=f"请至少上传{least}个支撑材料。", page="materials", anchor="file")
    total = stored_materials(materials)
    if total > limit:
        yield Finding(
            code="MATERIALS_TOO_BIG",
            message=f"支撑材料共{megabytes(total)}，不超过{megabytes(limit)}，请删除或压缩部分材料。",
            page="materials",
            anchor="files",
        )
    yield from _file_findings(materials, checks, limit=None, page="materials")


def signed_sheet_findings(files: Iterable[File], checks: Iterable[Check], campaign: Campaign) -> Iterator[Finding]:
    """The scanned 附表1 may be absent (I11); what is there must not be too large nor carry a virus."""
    scans = [file for file in files if file.role == "sheet" and not file.gone_at]
    yield from _file_findings(scans, checks, limit=campaign.limits.sheet_bytes, page="declaration")


def declaration_findings(declaration: Declaration, campaign: Campaign) -> Iterator[Finding]:
    """Declaration, consents where they are conditions, sources, and the guardians' consent."""
    if declaration.declared is None:
        yield Finding(
            code="DECLARATION_MISSING", message="请阅读并勾选作者声明。", page="declaration", anchor="declared"
        )
    given = {agreed.code for agreed in declaration.consents}
    if campaign.consents_are_conditions:
        for consent in campaign.texts.consents:
            if consent.code not in given:
                yield Finding(
                    code="CONSENT_MISSING",
                    message=f"请阅读并勾选{campaign.texts.consents_title}：{consent.wording.rstrip('。')}。",
                    page="declaration",
                    anchor=f"consent_{consent.code}",
                )
    if not declaration.sources.strip():
        yield Finding(
            code="FIELD_MISSING",
            message="请填写非原创部分的出处；全部原创的，请填写“无”。",
            page="declaration",
            anchor="sources",
        )
    if not declaration.minors:
        yield Finding(
            code="FIELD_MISSING",
            message="请说明材料中是否出现不满十四周岁的未成年人。",
            page="declaration",
            anchor="minors-0",
        )


def _missing(name: str, page: str, anchor: str) -> Finding:
    verb = "选择" if anchor == "category" else "填写"
    return Finding(code="FIELD_MISSING", message=f"请{verb}{name}。", page=page, anchor=anchor)


def _file_findings(
    files: Iterable[File], checks: Iterable[Check], *, limit: int | None, page: str
) -> Iterator[Finding]:
    found = {check.file_id: check for check in checks}
    for file in files:
        if limit is not None and file.size > limit:
            yield Finding(
                code="FILE_TOO_BIG",
                message=f"“{file.name}”为{megabytes(file.size)}，不超过{megabytes(limit)}，请压缩后重新上传。",
                page=page,
                anchor=f"file-{file.file_id}",
            )
        check = found.get(file.file_id)
        if check is not None and not check.sha256_agrees:
            yield Finding(
                code="HASH_MISMATCH",
                message=f"“{file.name}”收到的内容与登记的校验值不一致，请重新上传。",
                page=page,
                anchor=f"file-{file.file_id}",
            )
        for told in check.findings if check else ():
            if told.severity == "blocked":
                yield Finding(
                    code=told.code,
                    message=f"“{file.name}”：{told.message}",
                    page=page,
                    anchor=f"file-{file.file_id}",
                )
