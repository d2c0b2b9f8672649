"""The tables at the end of a play, and the way in for whoever wants to look around."""

from __future__ import annotations

from collections.abc import Mapping

from zhengji.play.accounting import Account
from zhengji.play.author import Author
from zhengji.play.screen import Screen
from zhengji.play.script import Play

_STAGES = {
    "submitted": "已报送，未推荐",
    "withdrawn": "已撤回",
    "recommended": "省级推荐",
    "judged": "专家推荐中",
    "not eligible": "资格审定不通过",
    "exemplary": "典型案例",
    "showcase": "展示案例",
    "not-selected": "未入选",
    "disqualified": "取消资格",
}
LETTER_STATES = {
    "waiting_for_address": "等待联系方式",
    "waiting": "等待发送",
    "sending": "正在发送",
    "sent": "已发送",
    "bounced": "已退回",
    "failed": "未能送达",
    "on_site": "站内消息",
    "held": "暂缓发送",
}
LETTER_KINDS = {
    "receipt": "报送回执",
    "findings": "检查结果",
    "reminder": "报送提醒",
    "co_author": "列为作者的告知",
    "co_author_refused": "不同意列为作者",
    "handover_offered": "请接手案例",
    "handover": "案例移交",
    "password_reset": "重设密码",
    "activation_code": "激活码",
    "contact_form_received": "联系人信息表已收到",
    "contact_form_incomplete": "联系人信息表需补充",
    "mail_waiting": "来信已收到",
    "contact_refused": "联系人信息表未通过",
    "shortlist": "推荐名单已收到",
    "assignment": "专家推荐任务",
    "result": "推荐结果",
    "certificate": "电子证书",
    "certificate_replaced": "电子证书更正",
    "certificate_revoked": "电子证书撤销",
    "transfer": "案例转省",
    "case_moved": "所属省份变更",
    "not_eligible": "资格审定未通过",
    "disqualification": "取消参加资格",
    "disqualification_province": "取消参加资格（省级）",
}
_CERTIFICATES = {"exemplary": "典型案例", "showcase": "展示案例", "revoked": "已撤销"}
_BEST = ("典型案例", "展示案例")
_MOST_SHOWN = 20


def show(screen: Screen, play: Play, account: Account) -> None:
    """Everything the accounting found."""
    screen.counts("案例（按阶段）", {_STAGES.get(stage, stage): n for stage, n in account.cases_by_stage.items()})
    screen.counts("事件（按主题，本次）", {topic: n for topic, n in account.events_by_topic.items() if n})
    screen.counts("信件（按状态）", _named(account.letters_by_state, LETTER_STATES))
    screen.counts("信件（按种类）", _named(account.letters_by_kind, LETTER_KINDS))
    screen.counts("证书", _named(account.certificates, _CERTIFICATES))
    screen.counts("被拒绝的操作（按预期）", _refusals(play))
    screen.rows("核对", ("", ""), _result(play, account))
    for name, faults in (("丢失", account.lost), ("重复", account.double), ("其他错误", account.wrong)):
        for fault in faults[:_MOST_SHOWN]:
            screen.console.print(f"[bold red]{name}[/bold red]  {fault}", soft_wrap=True)
        if len(faults) > _MOST_SHOWN:
            screen.console.print(f"  … {len(faults) - _MOST_SHOWN} more")


def _named(counts: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    return {names.get(key, key): count for key, count in counts.items()}


def _result(play: Play, account: Account) -> list[tuple[str, str]]:
    return [
        ("作者手中的回执", str(account.receipts)),
        ("核对无误", "是" if account.fits else "否"),
        ("丢失", str(len(account.lost))),
        ("重复", str(len(account.double))),
        ("其他错误", str(len(account.wrong))),
        ("可能重复的信件", str(account.possibly_twice)),
        ("已核验证书的案例", str(play.certificates_checked)),
        ("报送到报告（秒，中位数）", f"{account.quantile(0.5):.2f}"),
        ("报送到报告（秒，p99）", f"{account.quantile(0.99):.2f}"),
    ]


def _refusals(play: Play) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for tried, _ in play.book.refusals:
        found[tried] = found.get(tried, 0) + 1
    return found


def show_ways_in(screen: Screen, play: Play, *, url: str) -> None:
    """Addresses, one account for each role, and how to log in where a second factor is asked for."""
    pages = [("公众", url), ("作者", f"{url}/login"), ("省级、专家、中心", f"{url}/staff/login")]
    pages += [("推荐案例名单", f"{url}/results"), ("证书查询", f"{url}/certificates")]
    screen.rows("地址", ("", ""), pages)
    for role, author in shown_authors(play):
        person = author.plan.author
        screen.line(role, person.name, f"手机号 {person.mobile}", f"密码 {person.password}")
    members = [("省级联系人", play.clerks[0].staff), ("专家", play.judges[0].staff)]
    members += [("中心管理员", play.centre.staff), ("中心工作人员", play.deputy.staff)]
    for role, member in members:
        secret = f"动态验证码密钥 {member.secret}" if member.secret else "无动态验证码"
        person = member.person
        screen.line(role, person.name, f"手机号 {person.mobile}", f"密码 {person.password}", secret)
    screen.line("动态验证码（30秒内有效）：", f"{CODE_COMMAND} 密钥")


CODE_COMMAND = '.venv/bin/python -c "import pyotp,sys;print(pyotp.TOTP(sys.argv[1]).now())"'
"""Prints the number that an authenticator app would show for the secret that follows."""


def shown_authors(play: Play) -> list[tuple[str, Author]]:
    """Whom a newcomer meets: the author of the best result first, then the one whose case was disqualified."""
    good = [each for each in play.authors if each.case_id != play.disqualified and each.case_id in play.outcomes]
    good.sort(key=lambda each: _BEST.index(play.outcomes[each.case_id]))
    found = [(f"作者（{play.outcomes[good[0].case_id]}）", good[0])] if good else [("作者", _other(play))]
    out = [each for each in play.authors if each.case_id == play.disqualified]
    return [*found, *(("作者（案例已取消资格）", each) for each in out)]


def _other(play: Play) -> Author:
    return next((each for each in play.authors if each.case_id != play.disqualified), play.authors[0])
