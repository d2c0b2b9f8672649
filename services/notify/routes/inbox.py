"""The campaign's mailbox, for the centre: what could not be read waits here for a person, with the original."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from wtforms import SelectField, StringField, TextAreaField

from services.notify import queries
from services.notify.domain.contact_form import LABELS, ContactForm
from services.notify.handlers.mailbox import RegisterForm, register_form, set_mail_aside
from services.notify.routes.here import app, page_number
from shared.web.access import asks, who
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, Mail, Mobile, answer_form, bare, digits

inbox = Blueprint("inbox", __name__)

MAILS = ("返回来信", "/letters/inbox")


class ContactFormForm(ChineseForm):
    """The fields of 附表2, as a person reads them off the original."""

    province = SelectField("省份", validators=[Chosen()], validate_choice=False)
    unit = StringField("单位名称", filters=[bare], validators=[Filled(), AtMost(100)])
    department = StringField("部门", filters=[bare], validators=[AtMost(100)])
    name = StringField("联系人", filters=[bare], validators=[Filled(), AtMost(50)])
    post = StringField("职务", filters=[bare], validators=[AtMost(50)])
    address = StringField("通讯地址", filters=[bare], validators=[AtMost(200)])
    postcode = StringField("邮政编码", filters=[bare], validators=[AtMost(6)])
    phone = StringField("联系电话", filters=[bare], validators=[AtMost(50)])
    mobile = StringField("手机", filters=[digits], validators=[Filled(), Mobile()])
    wechat = StringField("微信号", filters=[bare], validators=[AtMost(50)])
    qq = StringField("QQ", filters=[bare], validators=[AtMost(20)])
    email = StringField("电子邮箱", filters=[bare], validators=[Filled(), Mail()])

    def read(self) -> ContactForm:
        """The form as the rules know it."""
        return ContactForm(**{name: str(self[name].data or "") for name in LABELS})


class AsideForm(ChineseForm):
    """How the mail was seen to otherwise."""

    reason = TextAreaField("处理说明", filters=[bare], validators=[Filled("请填写处理说明。"), AtMost(500)])


@inbox.get("/letters/inbox")
@asks("see_inbox")
def mails_list() -> Response:
    """Mails by state; those that wait come first."""
    state = request.args.get("state", "waiting")
    lines, pages = queries.mails_page(app(), state, page=page_number())
    return make_response(
        render_template(
            "inbox.html",
            lines=lines,
            state=state,
            states=queries.MAIL_STATES,
            page=page_number(),
            pages=pages,
            back=("返回信件", "/letters"),
        )
    )


@inbox.get("/letters/inbox/<mail_id>")
@asks("see_inbox")
def mail(mail_id: str) -> Response:
    """One mail with what was read of it."""
    found = queries.mail_page(app(), mail_id)
    return make_response(render_template("mail.html", mail=found, back=MAILS))


@inbox.get("/letters/inbox/<mail_id>/original")
@asks("see_inbox")
def original(mail_id: str) -> Response:
    """The mail as it came, from the store, by an address that expires."""
    found = queries.mail_page(app(), mail_id)
    address = app().originals.reading_address(found.object_key, name="来信原件.eml")
    return make_response(redirect(address, 303))


@inbox.route("/letters/inbox/<mail_id>/register", methods=["GET", "POST"])
@asks("settle_mails")
def register(mail_id: str) -> Response:
    """Type off what the machine could not read."""
    found = queries.mail_page(app(), mail_id)
    form = ContactFormForm(data={name: getattr(found.form, name) for name in LABELS} | {"province": found.province})
    form.province.choices = [("", "请选择"), *queries.provinces(app())]

    def act() -> Response:
        register_form(
            app(),
            RegisterForm(
                mail_id=mail_id, form=form.read(), province=form.province.data, by=who().id, command=form.command
            ),
        )
        flash("联系人信息表已登记，已回信告知对方。", "done")
        return make_response(redirect(f"/letters/inbox/{mail_id}", 303))

    back = ("返回这封来信", f"/letters/inbox/{mail_id}")
    return answer_form(form, "form.html", act, heading="登记联系人信息表", button="登记", back=back)


@inbox.route("/letters/inbox/<mail_id>/aside", methods=["GET", "POST"])
@asks("settle_mails")
def aside(mail_id: str) -> Response:
    """See to it otherwise."""
    queries.mail_page(app(), mail_id)
    form = AsideForm()

    def act() -> Response:
        set_mail_aside(app(), mail_id, reason=form.reason.data, by=who().id, command=form.command)
        flash("来信已标为已处理。", "done")
        return make_response(redirect("/letters/inbox", 303))

    back = ("返回这封来信", f"/letters/inbox/{mail_id}")
    return answer_form(form, "form.html", act, heading="标为已处理", button="标为已处理", back=back)
