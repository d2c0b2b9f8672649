"""Forms speak Chinese, bear a command id that follows their contents, and list each fault once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import wtforms
from flask import Flask
from wtforms import FieldList, FormField, IntegerField, StringField
from wtforms.validators import Length, Optional

from shared.campaign.parts import Window
from shared.campaign.spans import since, span
from shared.clock import FixedClock
from shared.trouble import Refused
from shared.web import wording
from shared.web.forms import ChineseForm, Filled, Mobile, WordsAtMost, digits
from shared.web.frame import errors_of, places_of, summary_title
from shared.web.messages import MESSAGES, ChineseMessages
from tests.browser.gallery import AUTHOR, OFFICER, PROVINCE, gallery_app

CLOSES = datetime(2024, 10, 15, 16, 0, tzinfo=UTC)


class PersonForm(wtforms.Form):  # type: ignore[misc] # wtforms ships no types
    """One author."""

    name = StringField("姓名", validators=[Filled()])


class ManyForm(ChineseForm):
    """A form with a list in it."""

    title = StringField("名称", validators=[Filled(), Length(max=5)])
    mobile = StringField("手机号", filters=[digits], validators=[Optional(), Mobile()])
    number = IntegerField("场次", validators=[Optional()])
    text = StringField("概述", validators=[WordsAtMost(3)])
    people = FieldList(FormField(PersonForm), min_entries=2)


@pytest.fixture
def app() -> Flask:
    """An app whose forms need no token, so that one form can be tried alone."""
    app = gallery_app()
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def faults(app: Flask, **typed: str) -> list[tuple[str | None, str]]:
    """What the error summary lists for a post."""
    with app.test_request_context("/", method="POST", data=typed):
        form = ManyForm()
        form.validate()
        return errors_of(form)


FINE = {"title": "名称", "people-0-name": "王芳", "people-1-name": "李明"}


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"title": " "}, ("title", "请填写名称。")),
        ({"title": "六个字的名称"}, ("title", "最多5个字。")),
        ({"mobile": "1380000"}, ("mobile", "手机号应为11位数字，例如13800001234。")),
        ({"number": "三"}, ("number", "请填写整数，例如12。")),
        ({"text": "四个字啊"}, ("text", "概述最多3字，请删去1字。")),
        ({"people-1-name": ""}, ("people-1-name", "请填写姓名。")),
    ],
)
def test_each_fault_is_listed_once_with_the_field_it_is_beside(
    app: Flask, typed: dict[str, str], fault: tuple[str, str]
) -> None:
    assert faults(app, **{**FINE, **typed}) == [fault]


def test_a_mobile_may_be_written_with_spaces(app: Flask) -> None:
    assert faults(app, **FINE, mobile="138 0000-1234") == []


def test_no_message_of_the_library_is_left_in_english() -> None:
    folder = Path(wtforms.__file__).parent
    source = "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.py")))
    said = set(re.findall(r'gettext\(\s*"([^"]+)"', source))
    said |= set(re.findall(r'"((?:Field|Number|Date) (?:cannot|must)[^"]+\.)"', source))
    assert said - set(MESSAGES) == set()
    assert ChineseMessages().gettext("Something new.") == "内容格式不正确，请检查后重新填写。"


def test_the_command_id_is_one_for_the_same_contents_and_another_for_changed_ones(app: Flask) -> None:
    def command(**typed: str) -> str:
        with app.test_request_context("/", method="POST", data=typed):
            return ManyForm().command

    one = "6f2c7c1e-0d5c-4f0e-9c4b-0d7a6f1b2c3d"
    first = command(command_id=one, title="名称")
    assert command(command_id=one, title="名称") == first
    assert command(command_id=one, title="新的名称") != first
    assert command(command_id="not-an-id", title="名称") != command(command_id="not-an-id", title="名称")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=1, hours=6, minutes=42, seconds=59), "1天6小时42分"),
        (timedelta(hours=1), "1小时0分"),
        (timedelta(minutes=59, seconds=9), "59分09秒"),
        (timedelta(0), "已截止"),
        (timedelta(days=-1), "已截止"),
    ],
)
def test_time_left_goes_by_the_minute_until_the_last_hour(left: timedelta, words: str) -> None:
    assert wording.left(CLOSES, CLOSES - left) == words


def test_times_and_sizes_in_the_words_of_the_notice() -> None:
    now = FixedClock(datetime(2024, 10, 12, 6, 3, 22, 123456, tzinfo=UTC))()
    assert wording.deadline(CLOSES) == "2024年10月15日（星期二）23:59:59"
    assert wording.short_deadline(CLOSES) == "10月15日23:59:59"
    assert wording.moment(now) == "2024年10月12日14:03"
    assert wording.exact(now) == "2024年10月12日14:03:22.123"
    assert [wording.size(n) for n in (0, 1023, 1024, 1_153_434, 104_857_600)] == [
        "0 B",
        "1023 B",
        "1 KB",
        "1.1 MB",
        "100 MB",
    ]
    assert wording.masked("13800001234") == "138****1234"


def a_window(opens: str, closes: str) -> Window:
    return Window.model_validate({"opens": f"{opens}+08:00", "closes": f"{closes}+08:00"})


@pytest.mark.parametrize(
    ("opens", "closes", "short", "long"),
    [
        ("2024-10-01T00:00:00", "2024-10-16T00:00:00", "10月1日至10月15日", "2024年10月1日至10月15日"),
        ("2024-10-15T00:00:00", "2024-10-16T00:00:00", "10月15日", "2024年10月15日"),
        ("2024-10-15T09:00:00", "2024-10-15T18:00:00", "10月15日09:00至17:59:59", "2024年10月15日09:00至17:59:59"),
        (
            "2026-11-23T22:40:08",
            "2026-11-23T22:41:08",
            "11月23日22:40:08至22:41:07",
            "2026年11月23日22:40:08至22:41:07",
        ),
        ("2024-10-01T00:00:00", "2024-10-16T12:00:00", "10月1日至10月16日11:59:59", "2024年10月1日至10月16日11:59:59"),
        (
            "2024-10-15T23:50:00",
            "2024-10-16T00:10:00",
            "10月15日23:50至10月16日00:09:59",
            "2024年10月15日23:50至10月16日00:09:59",
        ),
        (
            "2024-12-01T00:00:00",
            "2034-12-01T00:00:00",
            "2024年12月1日至2034年11月30日",
            "2024年12月1日至2034年11月30日",
        ),
    ],
)
def test_a_span_says_hours_and_years_where_they_matter(opens: str, closes: str, short: str, long: str) -> None:
    window = a_window(opens, closes)
    assert (span(window), span(window, year=True)) == (short, long)


def test_what_stays_open_has_only_a_beginning() -> None:
    assert since(a_window("2024-12-01T00:00:00", "2034-12-01T00:00:00"), year=True) == "2024年12月1日"
    assert since(a_window("2026-11-23T22:50:00", "2036-11-23T22:50:00")) == "11月23日22:50"


@pytest.mark.parametrize(
    ("label", "message"), [("密码", "请填写密码。"), ("再次输入密码", "请再次输入密码。"), ("上传文件", "请上传文件。")]
)
def test_a_label_that_says_what_to_do_is_not_doubled(app: Flask, label: str, message: str) -> None:
    class OneForm(ChineseForm):
        field = StringField(label, validators=[Filled()])

    with app.test_request_context("/", method="POST", data={}):
        form = OneForm()
        form.validate()
        assert form.errors == {"field": [message]}


@pytest.mark.parametrize(
    ("field", "title"), [("title", "请修改以下内容"), (None, "未能完成"), ("command_id", "未能完成")]
)
def test_the_summary_asks_to_mend_only_what_can_be_mended(app: Flask, field: str | None, title: str) -> None:
    with app.test_request_context("/"):
        form = ManyForm()
        form.refuse(Refused("closed", "报送已截止。", field=field))
        assert summary_title(form) == title


def test_everybody_finds_the_list_and_authors_their_account() -> None:
    for person in (None, AUTHOR, PROVINCE, OFFICER):
        assert "/results" in [place.href for place in places_of(person)]
    assert "/account" in [place.href for place in places_of(AUTHOR)]


def test_each_role_has_its_own_navigation() -> None:
    firsts = [places_of(person)[0].href for person in (None, AUTHOR, PROVINCE, OFFICER)]
    assert firsts == ["/notices", "/cases", "/province", "/centre"]
