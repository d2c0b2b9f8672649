"""The centre's people: contact forms of provinces, accounts of staff, fresh activation codes."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, request
from wtforms import RadioField, SelectField, StringField, TextAreaField

from services.review.handlers import accounts as account_commands
from services.review.handlers import contacts as commands
from services.review.handlers.contacts import ContactDetails
from services.review.queries import centre as queries
from services.review.queries.words import CONTACT_STATES, ROLES, province_name
from services.review.routes.at_hand import pieces, to
from services.review.routes.centre_at_hand import campaign, me, province_filter, provinces, to_desk
from services.review.routes.staff_forms import PlainForm
from shared.trouble import Forbidden
from shared.web.access import asks, who
from shared.web.app import received_at
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, Mail, Mobile, answer_form, bare, digits, pick

CONTACTS = ("返回省级联系人", "/centre/contacts")
ACCOUNTS = ("返回账号", "/centre/accounts")
STAFF_ROLES = ("province", "helper", "officer", "administrator", "expert")


class ContactForm(ChineseForm):
    """What an account needs."""

    province = SelectField("省级单位", validators=[Chosen("请选择该联系人所属的省级单位。")])
    name = StringField("联系人姓名", filters=[bare], validators=[Filled(), AtMost(60)])
    unit = StringField("单位名称", filters=[bare], validators=[Filled(), AtMost(120)])
    mobile = StringField("手机", filters=[digits], validators=[Filled("请填写手机号。"), Mobile()])
    email = StringField("电子邮箱", filters=[bare], validators=[Filled(), Mail()])


class NewContactForm(ContactForm):
    """The whole of a form entered by hand."""

    department = StringField("部门", filters=[bare], validators=[AtMost(120)])
    post = StringField("职务", filters=[bare], validators=[AtMost(60)])
    phone = StringField("联系电话", filters=[bare], validators=[AtMost(40)])


class ReasonForm(ChineseForm):
    """A refusal says why."""

    reason = TextAreaField(
        "不通过的原因", filters=[bare], validators=[Filled("请填写不通过的原因，对方会收到。"), AtMost(500)]
    )


class StaffForm(ChineseForm):
    """Invites a colleague."""

    role = RadioField(
        "角色",
        choices=pick(*((code, ROLES[code]) for code in ("officer", "administrator"))),
        validators=[Chosen("请选择人员的角色。")],
    )
    name = StringField("姓名", filters=[bare], validators=[Filled(), AtMost(60)])
    mobile = StringField("手机", filters=[digits], validators=[Filled("请填写手机号。"), Mobile()])
    email = StringField("电子邮箱", filters=[bare], validators=[Filled(), Mail()])


@asks("decide_contacts")
def contacts() -> Response:
    """Contact forms in one state."""
    running = campaign()
    state = request.args.get("state", "")
    state = state if state in CONTACT_STATES else "waiting"
    lines = [
        (one, province_name(running, one.province) if one.province else "待选择")
        for one in queries.contacts(pieces(), state=state)
    ]
    return make_response(
        render_template("centre/contacts.html", lines=lines, state=state, states=CONTACT_STATES, back=to_desk())
    )


@asks("decide_contacts")
def new_contact() -> Response:
    """Enter a contact form by hand."""
    form = NewContactForm()
    form.province.choices = provinces(campaign())

    def act() -> Response:
        details = ContactDetails(
            province=form.province.data,
            name=form.name.data,
            unit=form.unit.data,
            mobile=form.mobile.data,
            email=form.email.data,
            department=form.department.data or "",
            post=form.post.data or "",
            phone=form.phone.data or "",
        )
        id_ = commands.enter_contact(pieces(), details=details, received=received_at(), by=me(), command=form.command)
        flash("联系人信息表已登记，请核对后通过。", "done")
        return to(f"/centre/contacts/{id_}")

    return answer_form(form, "centre/contact_new.html", act, back=CONTACTS)


@asks("decide_contacts")
def contact(contact_id: str) -> Response:
    """One form: look at it, correct it, approve it."""
    app = pieces()
    found, running = app.contacts.get(contact_id), campaign()
    known = {name: getattr(found, name) for name in ("province", "name", "unit", "mobile", "email")}
    form = ContactForm(data=known)
    form.province.choices = provinces(running)

    def act() -> Response:
        details = ContactDetails(
            province=form.province.data,
            name=form.name.data,
            unit=form.unit.data,
            mobile=form.mobile.data,
            email=form.email.data,
        )
        commands.approve_contact(app, contact_id=contact_id, details=details, by=me(), command=form.command)
        flash(f"已通过{details.name}，激活码将发送到{details.email}。", "done")
        return to("/centre/contacts")

    return answer_form(
        form,
        "centre/contact.html",
        act,
        contact=found,
        state=CONTACT_STATES[found.state],
        province=province_name(running, found.province) if found.province else "",
        back=CONTACTS,
    )


@asks("decide_contacts")
def refuse_contact(contact_id: str) -> Response:
    """Turn a form down."""
    app, form = pieces(), ReasonForm()
    found = app.contacts.get(contact_id)

    def act() -> Response:
        commands.refuse_contact(app, contact_id=contact_id, reason=form.reason.data, by=me(), command=form.command)
        flash("已标记为未通过，对方会收到原因。", "done")
        return to("/centre/contacts")

    heading = f"不通过{found.name or '这份'}的联系人信息表" if found.name else "不通过这份联系人信息表"
    back = ("返回联系人信息表", f"/centre/contacts/{contact_id}")
    return answer_form(form, "form.html", act, heading=heading, button="不通过并告知对方", back=back)


@asks("read_centre")
def accounts() -> Response:
    """Staff accounts by role and province."""
    running = campaign()
    role, province = request.args.get("role", ""), request.args.get("province", "")
    roles = (role,) if role in STAFF_ROLES else STAFF_ROLES[:-1]
    lines = queries.people(pieces(), running, roles=roles)
    if province:
        lines = [line for line in lines if line.province == province_name(running, province)]
    options = [(code, ROLES[code]) for code in STAFF_ROLES]
    filters = [
        {"name": "role", "label": "角色", "value": role, "options": options},
        province_filter(running, province),
    ]
    head = "administrator" in who().roles
    return make_response(
        render_template("centre/accounts.html", lines=lines, filters=filters, head=head, back=to_desk())
    )


@asks("invite_staff")
def new_account() -> Response:
    """Invite a colleague of the centre."""
    form = StaffForm()

    def act() -> Response:
        account_commands.invite_staff(
            pieces(),
            role=form.role.data,
            name=form.name.data,
            mobile=form.mobile.data,
            email=form.email.data,
            by=me(),
            command=form.command,
        )
        flash(f"已邀请{form.name.data}，激活码将发送到{form.email.data}。", "done")
        return to("/centre/accounts")

    return answer_form(form, "form.html", act, heading="邀请工作人员", button="发送邀请", back=ACCOUNTS)


@asks("reissue_codes")
def reissue(account_id: str) -> Response:
    """Send a fresh activation code."""
    app, form = pieces(), PlainForm()
    found = app.accounts.get(account_id)
    if found.role == "administrator" and "administrator" not in who().roles:
        raise Forbidden("管理员的激活码只能由管理员重发。")
    place = ("返回专家", "/centre/experts") if found.role == "expert" else ACCOUNTS

    def act() -> Response:
        account_commands.reissue_code(app, account_id=account_id, by=me(), command=form.command)
        flash(f"新的激活码将发送到{found.email}，原激活码和密码已失效。", "done")
        return to(place[1])

    return answer_form(form, "centre/reissue.html", act, account=found, role=ROLES[found.role], back=place)
