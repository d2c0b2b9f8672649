"""The campaign in the centre's hands: publish it, extend a window, grant a province places."""

from __future__ import annotations

from datetime import datetime
from itertools import chain

from flask import Response, flash, make_response, render_template
from wtforms import Field, Form, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import NumberRange, ValidationError

from services.review.domain.campaign_file import EXTENDABLE, CampaignFile
from services.review.handlers import campaign as commands
from services.review.queries import centre as queries
from services.review.routes.at_hand import pieces, to
from services.review.routes.centre_at_hand import Number, campaign, me, provinces, to_desk
from services.review.routes.staff_forms import PlainForm
from shared.campaign.model import Campaign
from shared.clock import SHANGHAI
from shared.web.access import asks, who
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, answer_form, bare, pick
from shared.web.wording import deadline

BACK = ("返回征集活动", "/centre/campaign")
WINDOWS = {
    "registration": "注册与填写",
    "contact_forms": "联系人报送",
    "submission": "案例报送",
    "recommendation": "省级推荐",
    "review": "专家推荐",
    "publication": "公布",
}
_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def beijing(text: str) -> datetime:
    """A time as people type it, in Beijing; ValueError when it is none."""
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    raise ValueError(text)


class BeijingTime:
    """The field is a date and a time."""

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            beijing(field.data)
        except ValueError:
            raise ValidationError("请按“年-月-日 时:分”填写，例如2024-10-19 00:00。") from None


class ExtendForm(ChineseForm):
    """Lets a window close later."""

    window = RadioField("环节", choices=pick(*EXTENDABLE.items()), validators=[Chosen("请选择要延长的环节。")])
    closes = StringField("新的截止时间", filters=[bare], validators=[Filled(), BeijingTime()])
    reason = TextAreaField("原因", filters=[bare], validators=[Filled("请填写延长的原因。"), AtMost(500)])


class PlacesForm(ChineseForm):
    """Gives a province more places."""

    province = SelectField("省级单位", validators=[Chosen()])
    places = IntegerField(
        "增加的名额", validators=[Number("请填写要增加的名额。"), NumberRange(1, 1000, "增加的名额应在1至1000之间。")]
    )
    reason = TextAreaField("原因", filters=[bare], validators=[Filled("请填写增加名额的原因。"), AtMost(500)])


@asks("read_centre")
def overview() -> Response:
    """Every campaign: what is published, what waits as a draft, what was changed and why."""
    files = queries.campaign_files(pieces())
    changed = sorted(chain.from_iterable(file.changes for file in files), key=lambda change: change.at, reverse=True)
    return make_response(
        render_template(
            "centre/campaign.html",
            shown=[(file, _content(file)) for file in files],
            changed=changed,
            windows=WINDOWS,
            head="administrator" in who().roles,
            back=to_desk(),
        )
    )


def _content(file: CampaignFile) -> Campaign:
    return Campaign.model_validate_json(file.draft or file.published)


@asks("run_campaign")
def publish(campaign_id: str) -> Response:
    """Publish a draft, after a look at what it says."""
    app, form = pieces(), PlainForm()
    file = app.campaign_files.get(campaign_id)
    others = [each for each in app.campaigns.all() if each.id != campaign_id]

    def act() -> Response:
        commands.publish_campaign(app, campaign_id=campaign_id, by=me(), command=form.command)
        flash("征集活动已发布，几秒内作者和省级单位即可看到。", "done")
        return to("/centre/campaign")

    return answer_form(
        form,
        "centre/campaign_publish.html",
        act,
        file=file,
        content=_content(file),
        windows=WINDOWS,
        others=others,
        undecided=[each for each in others if not queries.is_published(app, each)],
        back=BACK,
    )


@asks("run_campaign")
def extend() -> Response:
    """Extend a window of the running campaign."""
    running, form = campaign(), ExtendForm()
    form.window.choices = pick(
        *((name, f"{words}（现在截止于{_until(running, name)}）") for name, words in EXTENDABLE.items())
    )

    def act() -> Response:
        commands.extend_window(
            pieces(),
            campaign_id=running.id,
            window=form.window.data,
            closes=beijing(form.closes.data),
            reason=form.reason.data,
            by=me(),
            command=form.command,
        )
        flash(f"{EXTENDABLE[form.window.data]}已延长，几秒内各页面按新的时间显示。", "done")
        return to("/centre/campaign")

    return answer_form(form, "centre/extend.html", act, back=BACK)


def _until(running: Campaign, name: str) -> str:
    closes: datetime = getattr(running.windows, name).closes
    return deadline(closes)


@asks("grant_places")
def places() -> Response:
    """Give a province more places than the notice does."""
    running, form = campaign(), PlacesForm()
    form.province.choices = provinces(running)

    def act() -> Response:
        province = running.province(form.province.data)
        now = commands.grant_places(
            pieces(),
            campaign_id=running.id,
            province=province.code,
            places=form.places.data,
            reason=form.reason.data,
            by=me(),
            command=form.command,
        )
        flash(f"{province.name}的推荐名额已增加到{now}个。", "done")
        return to("/centre/campaign")

    return answer_form(form, "centre/places.html", act, back=BACK)
