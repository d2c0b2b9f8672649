"""What is read rather than edited: the answers to check, what came after the bell, the sheet to sign."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.intake.adapters.sheet_docx import SheetRow, SignSheet
from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.sheet import About, Authors
from services.intake.queries.files import file_lines
from services.intake.queries.lists import category_name
from shared.campaign.model import Campaign
from shared.web.wording import masked, size


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One line of what was filled in, with where it can be changed."""

    key: str
    value: str | tuple[str, ...]
    href: str


def answers(app: App, case: Case, *, change: bool = True) -> tuple[Answer, ...]:
    """Everything that a submission would hand in, line by line; without ``change`` nothing leads to where it is."""
    lines = _answers(app, case)
    return lines if change else tuple(replace(line, href="") for line in lines)


def _answers(app: App, case: Case) -> tuple[Answer, ...]:
    campaign = app.campaigns.get(case.campaign_id)
    base = f"/cases/{case.id}"
    files = [(file.role, line) for file, line in file_lines(case, campaign) if not file.gone_at]

    def named(role: str) -> tuple[str, ...]:
        return tuple(f"{line.name}（{size(line.size)}，{line.state}）" for each, line in files if each == role)

    consents = tuple(agreed.wording for agreed in case.declaration.consents)
    return (
        *_about_answers(case.about, campaign, base),
        Answer(key="作者信息", value=people(case.authors, mobile=True), href=f"{base}/authors"),
        Answer(key="案例介绍文档", value=named("document"), href=f"{base}/document"),
        Answer(key="支撑材料", value=named("material"), href=f"{base}/materials"),
        Answer(key="作者声明", value="已声明" if case.declaration.declared else "", href=f"{base}/declaration"),
        Answer(key=campaign.texts.consents_title, value=consents, href=f"{base}/declaration"),
        Answer(key="非原创部分的出处", value=case.declaration.sources, href=f"{base}/declaration"),
        Answer(key="签名的案例信息表", value=named("sheet"), href=f"{base}/declaration"),
    )


def answers_on(app: App, case: Case, page: str) -> tuple[Answer, ...]:
    """What was filled in on one page, to be read once it can no longer be changed."""
    href = f"/cases/{case.id}/{page}"
    return tuple(replace(answer, href="") for answer in _answers(app, case) if answer.href == href)


def unsent_on(app: App, case: Case, page: str) -> tuple[Answer, ...]:
    """What an open page sent after the bell, to be read: kept, but no part of the case."""
    sent = case.unsent
    if sent is None or not {"sheet": sent.about, "authors": sent.authors, "declaration": sent.declaration}[page]:
        return ()
    as_typed = replace(
        case,
        about=sent.about or case.about,
        authors=sent.authors or case.authors,
        declaration=sent.declaration or case.declaration,
    )
    return tuple(answer for answer in answers_on(app, as_typed, page) if answer.value)


def _about_answers(about: About, campaign: Campaign, base: str) -> tuple[Answer, ...]:
    href = f"{base}/sheet"
    category = category_name(campaign, about.category)
    lines = (
        Answer(key="案例名称", value=about.title, href=href),
        Answer(key="案例类型", value=category, href=href),
        Answer(key="案例概述", value=about.summary, href=href),
    )
    if not any(each.code == about.category and each.studio for each in campaign.categories):
        return lines
    studio = about.studio
    facts = (
        studio.address,
        "" if studio.contribution is None else f"年度贡献值{studio.contribution}分",
        "" if studio.live_sessions is None else f"全年直播活动{studio.live_sessions}次",
    )
    return (*lines, Answer(key="线上工作室", value=tuple(fact for fact in facts if fact), href=href))


def people(authors: Authors, *, mobile: bool) -> tuple[str, ...]:
    """Authors, a line for each."""
    return tuple(
        "，".join(
            part
            for part in (
                author.name,
                author.unit,
                author.title,
                masked(author.mobile) if mobile and author.mobile else "",
                "工作室主持人" if author.host else "",
            )
            if part
        )
        for author in authors.people
    )


def sign_sheet(app: App, case: Case) -> SignSheet:
    """附表1 as it is to be printed and signed, with whatever is filled in so far."""
    campaign = app.campaigns.get(case.campaign_id)
    return SignSheet(
        heading=f"{campaign.title.removesuffix('征集')}信息表",
        title=case.about.title,
        authors=tuple(
            SheetRow(name=author.name, unit=author.unit, title=author.title, mobile=author.mobile, host=author.host)
            for author in case.authors.people
            if author.person not in case.refused
        ),
        author_limit=campaign.limits.authors,
        categories=tuple((each.name, each.code == case.about.category) for each in campaign.categories),
        summary=case.about.summary,
        summary_limit=campaign.limits.summary_words,
        declaration=campaign.texts.declaration,
        consents_title=campaign.texts.consents_title,
        consents="".join(consent.wording for consent in campaign.texts.consents),
    )
