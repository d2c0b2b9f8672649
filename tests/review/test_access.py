"""Getting in: codes, second factors, sessions and what ends them, on real MongoDB."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pyotp
import pytest

from services.review.adapters.vault import Vault
from services.review.app import App
from services.review.domain.account import AccountState
from services.review.handlers import accounts as commands
from services.review.handlers.contacts import ContactDetails, approve_contact, enter_contact, refuse_contact
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.notify import ContactFormReceived
from shared.events.review import ActivationCodeIssued, ContactRefused, StaffSessionsRevoked
from shared.identity import Principal
from shared.identity.secrets import unseal
from shared.trouble import Refused
from tests.review.conftest import staff_account
from tests.review.turning import Turning

MOBILE = "13800000001"
PASSWORD = "correct horse battery"


@pytest.fixture
def turning(app: App) -> Turning:
    """The worker."""
    return Turning(app)


def details(mobile: str = MOBILE, province: str = "320000") -> ContactDetails:
    return ContactDetails(province=province, name="周敏", unit="江苏省教育厅", mobile=mobile, email="p@example.com")


@pytest.fixture
def approved(app: App, turning: Turning) -> Callable[[str], str]:
    """Approves a contact with that mobile; gives the account's id."""

    def approve(mobile: str) -> str:
        form = enter_contact(app, details=details(mobile), received=app.clock(), by="officer", command=mobile)
        account_id = approve_contact(app, contact_id=form, details=details(mobile), by="officer")
        turning.turn()
        return account_id

    return approve


def code(turning: Turning, letter_key: str, account_id: str) -> str:
    issued = [event for event in turning.told(ActivationCodeIssued) if event.account_id == account_id]
    return unseal(issued[-1].sealed_code, letter_key)


def test_the_code_travels_closed(app: App, turning: Turning, letter_key: str, approved: Callable[[str], str]) -> None:
    account_id = approved(MOBILE)
    plain = code(turning, letter_key, account_id)
    row = app.database.collection("accounts").find_one({"_id": account_id})
    assert plain not in repr(row)
    assert plain not in repr([record.message.value for record in turning.bus.records("review.restricted")])


def test_of_twenty_who_post_one_code_one_gets_in(
    app: App, turning: Turning, letter_key: str, approved: Callable[[str], str]
) -> None:
    account_id = approved(MOBILE)
    plain, barrier = code(turning, letter_key, account_id), Barrier(20)

    def post(number: int) -> str:
        barrier.wait()
        try:
            commands.activate(app, mobile=MOBILE, code=plain, password=f"{PASSWORD} {number}")
        except Refused as refused:
            return refused.code
        return "in"

    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(post, range(20)))
    assert got.count("in") == 1
    assert set(got) <= {"in", "code-used", "busy", "sign-in-wait"}


@pytest.mark.parametrize(
    ("mobile", "typed", "password", "message"),
    [
        (
            "13800000009",
            "",
            PASSWORD,
            "手机号与激活码不相符，请核对后重新输入；重发过的，以最后一封邮件为准。",
        ),
        (
            MOBILE,
            "AAAA-BBBB-CCCC",
            PASSWORD,
            "手机号与激活码不相符，请核对后重新输入；重发过的，以最后一封邮件为准。",
        ),
        (MOBILE, "", "short", "密码至少10个字符，请换一个更长的密码。"),
    ],
)
def test_what_does_not_activate(
    app: App,
    turning: Turning,
    letter_key: str,
    approved: Callable[[str], str],
    mobile: str,
    typed: str,
    password: str,
    message: str,
) -> None:
    plain = code(turning, letter_key, approved(MOBILE))
    with pytest.raises(Refused) as refused:
        commands.activate(app, mobile=mobile, code=typed or plain, password=password)
    assert refused.value.message == message


def test_a_number_is_asked_for_and_works_once(
    app: App, turning: Turning, clock: FixedClock, letter_key: str, approved: Callable[[str], str]
) -> None:
    account_id = approved(MOBILE)
    account = commands.activate(app, mobile=MOBILE, code=code(turning, letter_key, account_id), password=PASSWORD)
    with pytest.raises(Refused, match="second-factor-missing"):
        commands.session_token(app, account)
    app_on_phone = pyotp.TOTP(commands.offer_second_factor(app, account_id=account_id).secret)
    with pytest.raises(Refused, match="second-factor-wrong"):
        commands.confirm_second_factor(app, account_id=account_id, number="000000")
    commands.confirm_second_factor(app, account_id=account_id, number=app_on_phone.at(clock()))
    with pytest.raises(Refused, match="login-wrong"):
        commands.log_in(app, mobile=MOBILE, password=PASSWORD, number=app_on_phone.at(clock()))
    clock.advance(timedelta(seconds=30))
    number = app_on_phone.at(clock())
    assert commands.may_enter(app, commands.log_in(app, mobile=MOBILE, password=PASSWORD, number=number))


def test_the_secret_is_kept_closed(app: App) -> None:
    vault = Vault(app.settings.secret_key)
    sealed = vault.new_secret()
    assert vault.open(sealed) not in sealed


def test_a_new_contact_ends_the_old_account_and_its_sessions(
    app: App, turning: Turning, approved: Callable[[str], str]
) -> None:
    old = approved(MOBILE)
    new = approved("13800000002")
    assert app.accounts.get(old).state is AccountState.CLOSED
    assert app.accounts.get(new).state is AccountState.INVITED
    assert [event.account_id for event in turning.told(StaffSessionsRevoked)] == [old]
    session = Principal(kind="staff", id=old, name="周敏", roles=frozenset({"province"}))
    assert app.revocations.revoked_before(session) == app.clock()


def test_the_same_contact_may_be_let_in_again(app: App, turning: Turning, approved: Callable[[str], str]) -> None:
    first = approved(MOBILE)
    form = enter_contact(app, details=details(), received=app.clock(), by="officer", command="again")
    second = approve_contact(app, contact_id=form, details=details(), by="officer")
    turning.turn()
    assert (app.accounts.get(first).login, app.accounts.get(second).login) == (None, MOBILE)


def test_somebody_else_s_mobile_is_refused_before_it_is_too_late(app: App) -> None:
    staff_account(app, "expert", mobile=MOBILE)
    form = enter_contact(app, details=details(), received=app.clock(), by="officer", command="taken")
    with pytest.raises(Refused, match="mobile-taken"):
        approve_contact(app, contact_id=form, details=details(), by="officer")


def test_a_form_that_came_by_mail_waits_with_its_province(app: App, turning: Turning, campaign: Campaign) -> None:
    form = ContactFormReceived(
        campaign_id=campaign.id,
        form_id="form-1",
        message_id="<1@example.com>",
        sender="p@example.com",
        province="",
        unit="江苏省电化教育馆",
        department="",
        name="周敏",
        post="",
        address="",
        postcode="",
        phone="",
        mobile="",
        wechat="",
        qq="",
        email="p@example.com",
        missing=("手机",),
        late=True,
        at=app.clock(),
    )
    turning.say(form, subject="letter-1")
    turning.say(form, subject="letter-1")
    turning.turn()
    contact = app.contacts.get("form-1")
    assert (contact.province, contact.missing, contact.late, contact.state) == ("320000", ("手机",), True, "waiting")
    assert app.contacts.count({}) == 1


def test_a_refused_form_tells_its_sender_why(app: App, turning: Turning) -> None:
    form = enter_contact(app, details=details(), received=app.clock(), by="officer", command="x")
    refuse_contact(app, contact_id=form, reason="请加盖公章后重新报送", by="officer")
    turning.turn()
    (told,) = turning.told(ContactRefused)
    assert (told.email, told.reason) == ("p@example.com", "请加盖公章后重新报送")


def test_a_logout_is_told_to_every_service(app: App, turning: Turning, clock: FixedClock) -> None:
    account = staff_account(app, "officer", mobile=MOBILE)
    commands.log_out(app, account_id=account.id, at=clock())
    session = Principal(kind="staff", id=account.id, name="何静", roles=frozenset({"officer"}))
    assert app.revocations.revoked_before(session) == clock()
    turning.turn()
    told = [event for event in turning.told(StaffSessionsRevoked) if event.account_id == account.id]
    assert [event.revoked_before for event in told] == [clock()]
