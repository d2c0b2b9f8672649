"""The tables at the end of a play, and the way in for whoever wants to look around."""

from __future__ import annotations

from collections.abc import Mapping

from zhengji.play.accounting import Account
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
_MOST_SHOWN = 20


def show(screen: Screen, play: Play, account: Account) -> None:
    """Everything the accounting found."""
    screen.counts("案例（按阶段）", {_STAGES.get(stage, stage): n for stage, n in account.cases_by_stage.items()})
    screen.counts("事件（按主题，本次）", {topic: n for topic, n in account.events_by_topic.items() if n})
    screen.counts("信件（按状态）", account.letters_by_state)
    screen.counts("信件（按种类）", account.letters_by_kind)
    screen.counts("证书", account.certificates)
    screen.counts("被拒绝的操作（按预期）", _refusals(play))
    screen.rows("核对", ("", ""), _result(play, account))
    for name, faults in (("lost", account.lost), ("double", account.double), ("wrong", account.wrong)):
        for fault in faults[:_MOST_SHOWN]:
            screen.console.print(f"[bold red]{name}[/bold red]  {fault}", soft_wrap=True)
        if len(faults) > _MOST_SHOWN:
            screen.console.print(f"  … {len(faults) - _MOST_SHOWN} more")


def _result(play: Play, account: Account) -> list[tuple[str, str]]:
    return [
        ("作者手中的回执", str(account.receipts)),
        ("核对无误", "是" if account.fits else "否"),
        ("丢失 lost", str(len(account.lost))),
        ("重复 double", str(len(account.double))),
        ("其他错误 wrong", str(len(account.wrong))),
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
    """Addresses, and one account for each role."""
    pages = [("公众", url), ("作者", f"{url}/login"), ("省级、专家、中心", f"{url}/staff/login")]
    pages += [("推荐案例名单", f"{url}/results"), ("证书查询", f"{url}/certificates")]
    screen.rows("地址", ("", ""), pages)
    author = play.authors[0].plan.author
    screen.line("作者", author.name, f"手机号 {author.mobile}", f"密码 {author.password}")
    members = [("省级联系人", play.clerks[0].staff), ("专家", play.judges[0].staff), ("中心管理员", play.centre.staff)]
    for role, member in members:
        secret = f"动态验证码密钥 {member.secret}" if member.secret else "无动态验证码"
        person = member.person
        screen.line(role, person.name, f"手机号 {person.mobile}", f"密码 {person.password}", secret)
