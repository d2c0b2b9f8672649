"""A campaign file that is wrong is told so by line and field, everything at once, in Chinese (C4)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.campaign import model, parts
from shared.campaign.loading import CampaignError, CampaignErrors, load_campaign, read_campaign
from shared.campaign.wording import _WRITTEN

FILE = Path(__file__).parents[2] / "campaigns/2024-teacher-training.yaml"
SOURCE = FILE.read_text(encoding="utf-8")


def changed(old: str, new: str) -> tuple[str, int]:
    """The file with its first ``old`` replaced, and the line where that stood."""
    assert old in SOURCE, old
    return SOURCE.replace(old, new, 1), SOURCE[: SOURCE.index(old)].count("\n") + 1


def errors_of(source: str | bytes) -> list[CampaignError]:
    with pytest.raises(CampaignErrors) as caught:
        read_campaign(source.encode() if isinstance(source, str) else source)
    return caught.value.errors


AWARE = "时间须写明时区，如 2024-10-01T00:00:00+08:00"
INSTANT = "应为带时区的时间，如 2024-10-01T00:00:00+08:00"
TEXT = "应为文字；数字或 true/false 请加引号"
WRONG = [
    ("experts_per_case: 3", "expert_per_case: 3", "expert_per_case", "没有这个名称的项，请检查拼写或删去"),
    ("authors: 3", "authors: three", "limits.authors", "应为整数"),
    ("authors: 3", 'authors: "3"', "limits.authors", "应为整数"),
    ("authors: 3", "authors: 0", "limits.authors", "不能小于 1"),
    ("authors: 3", "authors: 2.5", "limits.authors", "应为整数"),
    ("grace_minutes: 30", "grace_minutes: .inf", "grace_minutes", "应为数字"),
    ("consents_are_conditions: true", "consents_are_conditions: 1", "consents_are_conditions", "应为 true 或 false"),
    ("010-66490925", "01066490925.5", "helpline.phone", TEXT),
    ('code: "110000"', "code: 110000", "provinces[0].code", TEXT),
    ('code: "110000"', 'code: "1100"', "provinces[0].code", "应为6位数字的行政区划代码，如 110000"),
    ('code: "120000"', 'code: "110000"', "provinces[1].code", "代码“110000”重复，每项须各不相同"),
    ("aliases: [津]", "aliases: [北京]", "provinces[1]", "名称或别名“北京”重复，每项须各不相同"),
    (
        "{code: policy, name",
        "{code: announcement, name",
        "material_kinds[1].code",
        "代码“announcement”重复，每项须各不相同",
    ),
    ("TOO_LONG: failed", "TOO_LONG: fatal", "severities.TOO_LONG", "只能是以下之一：blocked、failed、remark、info"),
    ("TOO_LONG: failed", "TOO_LNG: failed", "severities.TOO_LNG", "没有名为 TOO_LNG 的检查结果代码"),
    ("ranking_method: plain_mean", "ranking_method: luck", "ranking_method", "只能是以下之一：plain_mean"),
    ("exemplary_share: 0.1", "exemplary_share: 1.1", "exemplary_share", "不能大于 1"),
    ("mailbox: jsyxmoe@163.com", "mailbox: 163.com", "mailbox", "应为电子邮箱地址，如 name@example.com"),
    ("title: 国家中小学智慧教育平台教师研修应用案例征集", 'title: ""', "title", "不能为空"),
    ("[规模化, 组织化, 一体化]", "规模化", "categories[0].characteristics", "应为列表"),
    ('opens: "2024-09-10T00:00:00+08:00"', "opens: 2024-09-10T00:00:00", "windows.registration.opens", AWARE),
    ('opens: "2024-09-10T00:00:00+08:00"', "opens: 2024-09-10 00:00:00", "windows.registration.opens", AWARE),
    ('opens: "2024-09-10T00:00:00+08:00"', "opens: 九月十日", "windows.registration.opens", INSTANT),
    ('opens: "2024-09-10T00:00:00+08:00"', "opens: !!python/name:os.system x", "windows.registration.opens", None),
    ("revision: 1", "revision: !custom 1", "revision", "不支持这种写法（!custom）"),
]


@pytest.mark.parametrize(("old", "new", "path", "message"), WRONG, ids=[f"{w[2]}: {w[1]}" for w in WRONG])
def test_an_error_names_line_field_and_remedy(old: str, new: str, path: str, message: str) -> None:
    source, line = changed(old, new)
    errors = errors_of(source)
    told = [e for e in errors if e.path == path and (message is None or e.message == message)]
    assert [e.line for e in told[:1]] == [line], errors


def test_a_missing_item_is_told_at_the_thing_that_lacks_it() -> None:
    source, _ = changed("  phone: 010-66490925 # 通知 五\n", "")
    line = SOURCE[: SOURCE.index("helpline:")].count("\n") + 1
    assert errors_of(source) == [CampaignError(line, "helpline.phone", "缺少这一项")]


def test_a_missing_section_is_told_at_the_top() -> None:
    start, end = SOURCE.index("roles:"), SOURCE.index("texts:")
    assert [(e.path, e.message) for e in errors_of(SOURCE[:start] + SOURCE[end:])] == [("roles", "缺少这一项")]


def test_a_reversed_window_is_told() -> None:
    source, line = changed(
        '"2024-10-16T00:00:00+08:00", closes: "2024-11-01T00:00:00+08:00"',
        '"2024-11-01T00:00:00+08:00", closes: "2024-10-16T00:00:00+08:00"',
    )
    assert errors_of(source) == [CampaignError(line, "windows.recommendation.closes", "截止时间须晚于开始时间")]


def test_windows_that_overlap_are_told() -> None:
    source, line = changed(
        '"2024-10-16T00:00:00+08:00", closes: "2024-11', '"2024-10-15T00:00:00+08:00", closes: "2024-11'
    )
    message = "recommendation 须在 submission 截止之后开始，二者不能重叠"
    assert errors_of(source) == [CampaignError(line, "windows.recommendation.opens", message)]


def test_weights_that_do_not_make_100_are_told() -> None:
    source, _ = changed("weight: 30", "weight: 31")
    (error,) = errors_of(source)
    assert (error.path, error.message) == ("categories[2].rubric", "各项权重之和应为 100，现为 101")
    assert SOURCE.splitlines()[error.line - 1].startswith("    rubric: # 附件 线上")


def test_shares_above_the_whole_are_told() -> None:
    source, line = changed("showcase_share: 0.3", "showcase_share: 0.95")
    assert errors_of(source) == [CampaignError(line, "showcase_share", "典型案例与展示案例的比例之和不能超过 1")]


def test_a_key_written_twice_is_told() -> None:
    source, line = changed("subtitle:", "subtitle: 甲\nsubtitle:")
    assert errors_of(source) == [
        CampaignError(line + 1, "subtitle", f"这一项在第 {line} 行已经写过，请只保留一处"),
    ]


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    source = SOURCE
    for old, new in (
        ("authors: 3", "authors: three"),
        ("weight: 30", "weight: 31"),
        ('code: "120000"', 'code: "110000"'),
        ("aliases: [冀]", "aliases: 冀"),
        ("TOO_LONG: failed", "TOO_LNG: fatal"),
        ("review: {opens: ", "review: {open: "),
    ):
        source = source.replace(old, new, 1)
    errors = errors_of(source)
    assert [error.path for error in errors] == [
        "windows.review.open",
        "windows.review.opens",
        "categories[2].rubric",
        "limits.authors",
        "severities.TOO_LNG",
        "severities.TOO_LNG",
        "provinces[1].code",
        "provinces[2].aliases",
    ]
    assert [error.line for error in errors] == sorted(error.line for error in errors)


def test_a_list_whose_items_are_faulty_is_not_called_too_short() -> None:
    source = SOURCE
    for weight in ("weight: 20", "weight: 25", "weight: 30", "weight: 15", "weight: 10"):
        source = source.replace(weight, "weight: 7")
    errors = errors_of(source)
    assert {error.path for error in errors} == {f"categories[{n}].rubric" for n in range(3)}


def test_a_list_that_is_short_in_earnest_is_still_told() -> None:
    source = re.sub(r"(?m)^  duties:.*\n(    - .*\n)+", "  duties: []\n", SOURCE)
    assert [(error.path, error.message) for error in errors_of(source)] == [("texts.duties", "至少要有 1 项")]


def test_every_pattern_of_the_model_is_said_in_words() -> None:
    sources = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (model, parts))
    patterns = set(re.findall(r'pattern=r"([^"]+)"', sources))
    assert patterns == set(_WRITTEN)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("id: a\ntitle: [一, 二\n", "方括号中的列表缺少逗号或右括号 ]"),
        ("id: a\n\tb: c\n", "行首用了制表符（Tab），请改用空格"),
        ("id: a\nid2: *nowhere\n", "引用（*）的名称没有定义"),
        ("a: 1\n---\nb: 2\n", "文件中只能有一份内容，请删去分隔行 ---"),
        ("a: b: c\n", "这里不应有冒号（上一行可能缺引号，或缩进不对）"),
        ('a: "没有写完\n', "引号没有成对"),
        ("a: \x00\n", "有不可见的特殊字符"),
    ],
)
def test_what_is_no_yaml_is_said_in_chinese(source: str | bytes, said: str) -> None:
    (error,) = errors_of(source)
    assert error.message == f"YAML 格式有误：{said}；请检查缩进、冒号和引号"


@pytest.mark.parametrize(
    ("source", "line", "begins"),
    [
        ("id: a\ntitle: [一, 二\n", 3, "YAML 格式有误"),
        ("id: a\n\tb: c\n", 2, "YAML 格式有误"),
        ("id: a\nid2: *nowhere\n", 2, "YAML 格式有误"),
        ("a: 1\n---\nb: 2\n", 2, "YAML 格式有误"),
        ("a: \x00\n", 1, "YAML 格式有误"),
        ("", 1, "文件内容应是"),
        ("只有一句话", 1, "文件内容应是"),
        ("- a\n- b\n", 1, "文件内容应是"),
        (b"id: a\ntitle: \xd1\xd0\xd0\xde\n", 2, "文件不是 UTF-8 编码，请另存为 UTF-8"),
    ],
)
def test_a_file_that_is_no_campaign_is_told_where_it_breaks(source: str | bytes, line: int, begins: str) -> None:
    (error,) = errors_of(source)
    assert error.line == line
    assert error.message.startswith(begins)


@pytest.mark.parametrize(
    "source",
    [
        "a: &a [*a]\n",
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 8)),
    ],
    ids=["contains itself", "multiplies itself"],
)
def test_a_file_that_grows_beyond_measure_is_refused(source: str | bytes) -> None:
    assert [error.message for error in errors_of(source)] == ["内容过多或层次过深，请检查引用（& 和 *）"]


def test_lines_read_as_compilers_print_them(tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    source, line = changed("authors: 3", "authors: three")
    file.write_text(source, encoding="utf-8")
    with pytest.raises(CampaignErrors) as caught:
        load_campaign(file)
    assert str(caught.value) == f"{file}:{line} limits.authors：应为整数"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    assert read_campaign(b"\xef\xbb\xbf" + SOURCE.replace("\n", "\r\n").encode()) == load_campaign(FILE)
