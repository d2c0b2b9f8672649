"""One case as its author sees it: tasks, files, timeline, report, and what still holds it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.intake.app import App
from services.intake.domain.account import Account
from services.intake.domain.case import Case, State
from services.intake.domain.files import MB, Check, File, megabytes, reserved_materials, stored_materials
from services.intake.domain.findings import (
    Finding,
    author_findings,
    declaration_findings,
    document_findings,
    material_findings,
    sheet_findings,
)
from services.intake.domain.late import in_force, minute, why_not
from services.intake.domain.timeline import Step, next_date, timeline
from services.intake.domain.window import can_finish, check_withdrawal, in_the_way, over
from services.intake.queries.co_authors import CoAuthorLine, co_author_lines
from services.intake.queries.files import FileLine, file_lines, file_state, said, words_hint
from services.intake.queries.lists import UNNAMED, category_name, moves, state_words
from shared.campaign.model import Campaign
from shared.counting import count
from shared.web.wording import sentence, size

OUTCOME_WORDS = {"exemplary": "典型案例", "showcase": "展示案例", "not-selected": "未入选推荐案例"}


@dataclass(frozen=True, kw_only=True)
class UploadLine:
    """One upload under way."""

    id: str
    name: str
    size: int
    sha256: str
    role: str
    registered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Task:
    """One row of the task list."""

    text: str
    href: str
    state: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class ReportLine:
    """Validation's report on the version that counts."""

    outcome: str
    look: str
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CasePage:
    """One case as its author sees it."""

    id: str
    campaign_id: str
    title: str
    category: str
    state: str
    look: str
    number: str
    tasks: tuple[Task, ...]
    steps: tuple[Step, ...]
    next_date: str
    document: FileLine | None
    materials: tuple[FileLine, ...]
    scan: FileLine | None
    replaced: tuple[FileLine, ...]
    uploads: tuple[UploadLine, ...]
    used: int
    limit: int
    used_words: str
    can_edit: bool
    can_submit: bool
    can_finish: bool
    closed: str
    no_edit: str
    permission: str
    late_until: datetime | None
    sent_late: bool
    no_withdrawal: str
    to_submit: bool
    is_submitted: bool
    was_submitted: bool
    report: ReportLine | None
    outcome: str
    disqualified: str
    unsigned: tuple[str, ...]
    co_authors: tuple[CoAuthorLine, ...]
    moves: tuple[str, ...]
    closes: datetime
    saved_at: datetime


def case_page(app: App, case_id: str, account_id: str) -> CasePage:
    """One case as its author sees it; NotThere for everybody else."""
    return page_of(app, app.own_case(case_id, account_id))


def page_of(app: App, case: Case) -> CasePage:
    """One case as a page."""
    campaign, now = app.campaigns.get(case.campaign_id), app.clock()
    holder = app.accounts.get(case.account_id)
    may_submit = not in_the_way(lambda: case.check_submission(campaign, now))
    is_over = _is_over(campaign, now) and not may_submit
    permission = in_force(case.late, now) if _is_over(campaign, now) else None
    words, look = state_words(case.state, disqualified=bool(case.disqualified), over=is_over)
    lines = file_lines(case, campaign)
    uploads = tuple(upload for upload in case.uploads if upload.holds(now))
    used = stored_materials(case.present_files) + reserved_materials(uploads, now)
    limit = campaign.limits.materials_bytes
    documents = [line for file, line in lines if file.role == "document" and not file.gone_at]
    scans = [line for file, line in lines if file.role == "sheet" and not file.gone_at]
    return CasePage(
        id=case.id,
        campaign_id=case.campaign_id,
        title=case.about.title or UNNAMED,
        category=category_name(campaign, case.about.category),
        state=words,
        look=look,
        number=case.number or "",
        tasks=tuple(_tasks(case, campaign, holder, now)),
        steps=timeline(case, campaign, now=now),
        next_date=next_date(campaign, now=now),
        document=documents[-1] if documents else None,
        materials=tuple(line for file, line in lines if file.role == "material" and not file.gone_at),
        scan=scans[-1] if scans else None,
        replaced=tuple(line for file, line in lines if file.gone_at),
        uploads=tuple(
            UploadLine(
                id=upload.upload_id,
                name=upload.announced.name,
                size=upload.announced.size,
                sha256=upload.announced.sha256,
                role=upload.announced.role,
                registered_at=upload.registered_at,
            )
            for upload in uploads
        ),
        used=used,
        limit=limit,
        used_words=f"{size(used) if used < MB else megabytes(used)} / {megabytes(limit)}",
        can_edit=not case.disqualified and not in_the_way(lambda: case.check_drafting(campaign, now)),
        can_submit=may_submit,
        can_finish=bool(uploads) and (may_submit or _can_finish(case, campaign, now)),
        closed="" if may_submit else _closed(case, campaign, now),
        no_edit=_no_edit(case, campaign, now, may_submit=may_submit),
        permission=_permission(case, campaign, now),
        late_until=permission.expires_at if permission else None,
        sent_late=bool(case.latest and case.latest.late),
        no_withdrawal=_no_withdrawal(case, campaign, now),
        to_submit=case.state is not State.SUBMITTED,
        is_submitted=case.latest is not None,
        was_submitted=bool(case.versions),
        report=_report(case),
        outcome=OUTCOME_WORDS.get(case.ended.outcome or "", "") if case.ended else "",
        disqualified=_reason(campaign, case.ended.disqualified) if case.ended else "",
        unsigned=case.unsigned_now(),
        co_authors=co_author_lines(case, campaign, holder=holder.person, now=now),
        moves=moves(case.moves, campaign),
        closes=campaign.windows.submission.closes,
        saved_at=case.saved_at,
    )


def _is_over(campaign: Campaign, now: datetime) -> bool:
    return campaign.windows.submission.has_closed(now)


def _can_finish(case: Case, campaign: Campaign, now: datetime) -> bool:
    return not case.disqualified and can_finish(campaign, now, edited_at=case.edited_at, files=case.present_files)


def _permission(case: Case, campaign: Campaign, now: datetime) -> str:
    """What the centre's permission to hand in late allows, or what became of it; empty where there is none."""
    if case.disqualified or not case.late or not _is_over(campaign, now):
        return ""
    holding = in_force(case.late, now)
    if holding is None:
        return why_not(case.late)
    return (
        f"中心已许可补报一次，北京时间{minute(holding.expires_at)}前有效，报送后即用完，补报的案例会注明“补报”。"
        f"许可原因：{sentence(holding.reason)}"
    )


def _closed(case: Case, campaign: Campaign, now: datetime) -> str:
    """Why nothing can be handed in now, and what counts instead."""
    if case.disqualified or not _is_over(campaign, now):
        return in_the_way(lambda: case.check_submission(campaign, now))
    if case.latest is None:
        return f"{over(campaign)}。这个案例{'撤回后没有再次报送' if case.versions else '没有报送'}，草稿仍可查看。"
    later = "，此后的修改没有报送" if case.state is State.CHANGED else ""
    return f"{over(campaign)}。有效版本为第{case.latest.version}版{later}。"


def _no_edit(case: Case, campaign: Campaign, now: datetime, *, may_submit: bool) -> str:
    """Why nothing can be changed now; empty while it can."""
    if case.disqualified:
        return "本案例已被取消参加资格，内容不能再修改。"
    if _is_over(campaign, now) and in_force(case.late, now):
        return ""
    if _is_over(campaign, now) and (may_submit or (case.uploads and _can_finish(case, campaign, now))):
        return f"{over(campaign)}，内容不能再修改。截止前已登记的文件，在短时间内传完后仍可报送。"
    if _is_over(campaign, now):
        return _closed(case, campaign, now)
    return in_the_way(lambda: case.check_drafting(campaign, now))


def _no_withdrawal(case: Case, campaign: Campaign, now: datetime) -> str:
    """Why the case cannot be taken back now; empty while it can."""
    if case.disqualified:
        return "本案例已被取消参加资格，无须撤回。"
    if case.latest is None:
        return "这个案例没有有效的报送，无须撤回。"
    return in_the_way(lambda: check_withdrawal(campaign, now))


def _reason(campaign: Campaign, code: str) -> str:
    return next((reason.name for reason in campaign.disqualification_reasons if reason.code == code), code)


def _report(case: Case) -> ReportLine | None:
    latest = case.latest
    report = next((each for each in case.reports if latest and each.version == latest.version), None)
    if report is None:
        return None
    words, look = {
        "passed": ("检查通过", "done"),
        "remarks": ("检查完成，有提示", "done"),
        "failed": ("检查未通过", "wrong"),
    }[report.outcome]
    return ReportLine(outcome=words, look=look, findings=said(report.findings))


def _tasks(case: Case, campaign: Campaign, account: Account, now: datetime) -> Iterable[Task]:
    base, files, checks = f"/cases/{case.id}", case.present_files, case.checks
    summary = count(case.about.summary).low
    materials = [file for file in files if file.role == "material"]
    going = [each for each in case.uploads if each.announced.role == "material" and each.holds(now)]
    document = next((file for file in files if file.role == "document"), None)
    yield Task(
        text="案例信息表",
        href=f"{base}/sheet",
        state=_progress(sheet_findings(case.about, campaign), begun=bool(case.about.summary)),
        hint=f"案例概述{summary} / {campaign.limits.summary_words}字",
    )
    yield Task(
        text="作者信息",
        href=f"{base}/authors",
        state=_progress(
            author_findings(case.authors, campaign, submitter=account.person, refused=case.refused), begun=True
        ),
        hint=f"作者{len(case.authors.people)}人，最多{campaign.limits.authors}人",
    )
    yield Task(
        text="案例介绍文档",
        href=f"{base}/document",
        state=_progress(document_findings(files, checks, campaign), begun=document is not None),
        hint=_document_hint(document, checks),
    )
    yield Task(
        text="支撑材料",
        href=f"{base}/materials",
        state=_progress(material_findings(files, checks, campaign), begun=bool(materials or going)),
        hint=_materials_hint(materials, len(going)),
    )
    unsigned = case.unsigned_now()
    yield Task(
        text="作者声明与共享提示",
        href=f"{base}/declaration",
        state=_progress(declaration_findings(case.declaration, campaign), begun=case.declaration.rev > 0),
        hint=f"{'、'.join(unsigned)}尚未签名，可在推荐截止前补签" if unsigned else "",
    )


def _progress(findings: Iterable[Finding], *, begun: bool) -> str:
    return ("进行中" if begun else "未开始") if any(True for _ in findings) else "已完成"


def _document_hint(document: File | None, checks: Iterable[Check]) -> str:
    if document is None:
        return "Word格式（.docx），不超过3000字"
    check = next((check for check in checks if check.file_id == document.file_id), None)
    state, _ = file_state(check)
    words = words_hint(check)
    return f"{document.name}：{state}{f'，{words}' if words else ''}"


def _materials_hint(materials: list[File], going: int) -> str:
    if not materials and not going:
        return "至少1个文件"
    stored = stored_materials(materials)
    known = f"{len(materials)}个文件，{size(stored) if stored < MB else megabytes(stored)}"
    return f"{known}，正在上传{going}个" if going else known


@dataclass(frozen=True, kw_only=True)
class ToDo:
    """One thing that holds a submission back, with its place."""

    text: str
    href: str


def to_do(app: App, case: Case) -> tuple[ToDo, ...]:
    """Everything that holds the submission back now."""
    account = app.accounts.get(case.account_id)
    return as_links(case.id, case.findings(app.campaigns.get(case.campaign_id), submitter=account.person))


def as_links(case_id: str, findings: Iterable[Finding]) -> tuple[ToDo, ...]:
    """Findings as links to where they are mended."""
    return tuple(
        ToDo(
            text=finding.message,
            href=f"/cases/{case_id}/{finding.page}{f'#{finding.anchor}' if finding.anchor else ''}",
        )
        for finding in findings
    )
