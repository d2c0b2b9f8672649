"""What every page of the centre needs: the campaign, who asks, the words for a job, choices for fields."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request
from wtforms import Field, Form
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from services.review.queries import centre as desk
from services.review.queries.words import OUTCOMES, ROLES
from services.review.routes.at_hand import pieces
from services.review.routes.campaign_shown import at, shown_campaign
from shared.campaign.model import Campaign
from shared.trouble import NotThere
from shared.web.access import who
from shared.web.forms import Filled, pick

_CODE = re.compile(r"\b[a-z][a-z_-]+\b", re.ASCII)


def campaign() -> Campaign:
    """The campaign that runs, or the earlier one that the address names."""
    if not pieces().campaigns.all():
        raise NotThere("征集活动尚未发布。请先在工作台的“征集活动”页面发布。")
    return shown_campaign()


def to_desk() -> tuple[str, str]:
    """The way back to the desk."""
    return "返回工作台", at("/centre")


def me() -> str:
    """The id of the account that asks."""
    return who().id


def provinces(running: Campaign) -> list[SelectChoice]:
    """Every provincial unit, to choose from."""
    return pick(("", "请选择"), *((one.code, one.name) for one in running.provinces))


def province_filter(running: Campaign, value: str) -> dict[str, object]:
    """The filter by province of a list."""
    options = [(one.code, one.name) for one in running.provinces]
    return {"name": "province", "label": "省级单位", "value": value, "options": options}


def category_filter(running: Campaign, value: str) -> dict[str, object]:
    """The filter by category of a list."""
    options = [(one.code, one.name) for one in running.categories]
    return {"name": "category", "label": "案例类别", "value": value, "options": options}


def asked_page() -> int:
    """The page of a list that the address asks for."""
    return max(1, request.args.get("page", 1, type=int))


class Number(Filled):
    """A whole number was typed; 0 is one. What could not be read as a number keeps the message that says so."""

    def __call__(self, form: Form, field: Field) -> None:
        if field.data is not None:
            return
        if any(field.raw_data or ()):
            raise StopValidation
        super().__call__(form, field)


@dataclass(frozen=True, kw_only=True)
class JobNotice:
    """What the top of a page says of a job; ``again`` says whether looking again will show more."""

    text: str
    look: str = ""
    again: bool = False


def job_notice() -> JobNotice | None:
    """What to say of the job the address names; None where it names none."""
    job_id = request.args.get("job", "")
    if not job_id:
        return None
    try:
        line = desk.job(pieces(), job_id)
    except NotThere:
        return None
    if line.state == "failed":
        return JobNotice(text="处理没有完成，请重新操作一次；仍不成功请联系平台运行人员。", look="wrong")
    if line.state != "done":
        return JobNotice(text="正在逐件处理，离开本页不影响处理。", again=True)
    return JobNotice(text=_result(line.result), look="done")


def _result(result: dict[str, object]) -> str:
    if "confirmed" in result:
        refused = result.get("refused")
        left = f"，{len(refused)}件未能处理" if isinstance(refused, dict) and refused else ""
        return f"已确认{result['confirmed']}件案例的资格{left}。"
    if "invited" in result:
        lines = result.get("left_out")
        numbers = "、".join(str(line) for line in lines) if isinstance(lines, list) else ""
        left = f"；第{numbers}行的手机号已有其他账号，未导入" if numbers else ""
        return f"已邀请{result['invited']}位专家，激活码已发送{left}。"
    if "cases" in result:
        return f"分配已下达，共{result['cases']}件案例。"
    return "处理已完成。"


def record_words(text: str) -> str:
    """An entry of the record as people read it: codes become the words they stand for."""
    words = {**OUTCOMES, **ROLES}
    for campaign in reversed(pieces().campaigns.all()):
        words |= {one.code: one.name for one in campaign.disqualification_reasons}
        words |= {one.code: one.name for one in campaign.categories}
    return _CODE.sub(lambda found: words.get(found[0], found[0]), text)
