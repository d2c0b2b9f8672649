"""The rules of an account, and the number on a receipt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.intake.domain.account import Account, Profile
from services.intake.domain.mobile import normal_mobile
from services.intake.domain.number import case_number, check_digit, is_case_number
from shared.events.intake import AuthorSessionsRevoked, PasswordResetAsked
from shared.trouble import Refused
from tests.intake.cases import NOON

MINUTE = timedelta(minutes=1)


def an_account(email: str = "wang@example.com") -> Account:
    profile = Profile(
        name="王小明",
        province="320000",
        city="南京市",
        county="鼓楼区",
        unit="南京市第一中学",
        unit_type="school",
        role="teacher",
        email=email,
    )
    return Account(
        id="account-1",
        mobile="13800001234",
        person="person-wang",
        password="old",
        profile=profile,
        privacy_revision=1,
        registered_at=NOON,
    )


@pytest.mark.parametrize(
    "written",
    ["13800001234", "138 0000 1234", "138-0000-1234", "+86 13800001234", "0086-13800001234", "１３８００００１２３４"],
)
def test_a_mobile_has_one_spelling(written: str) -> None:
    assert normal_mobile(written) == "13800001234"


@pytest.mark.parametrize("written", ["", "12800001234", "1380000123", "138000012345", "010-66490925", "abc"])
def test_what_is_no_mobile(written: str) -> None:
    with pytest.raises(Refused, match="mobile-wrong"):
        normal_mobile(written)


def test_a_new_password_ends_every_session() -> None:
    account = an_account()
    account.change_password("new", at=NOON)
    assert account.password == "new"
    assert account.news == [AuthorSessionsRevoked(account_id="account-1", revoked_before=NOON)]


def test_a_reset_code_works_once_and_for_half_an_hour() -> None:
    account = an_account()
    assert account.ask_reset(hashed_code="h", sealed_code="s", at=NOON)
    assert not account.ask_reset(hashed_code="h2", sealed_code="s2", at=NOON + MINUTE)
    assert [type(event) for event in account.news] == [PasswordResetAsked]
    with pytest.raises(Refused, match="reset-wrong"):
        account.reset_password(hashed_code="other", hashed="new", at=NOON + MINUTE)
    with pytest.raises(Refused, match="reset-wrong"):
        account.reset_password(hashed_code="h", hashed="new", at=NOON + 30 * MINUTE)
    account.reset_password(hashed_code="h", hashed="new", at=NOON + MINUTE)
    with pytest.raises(Refused, match="reset-wrong"):
        account.reset_password(hashed_code="h", hashed="newer", at=NOON + MINUTE)
    assert account.password == "new"


def test_without_a_mailbox_no_code_goes_out() -> None:
    account = an_account(email="")
    assert not account.ask_reset(hashed_code="h", sealed_code="s", at=NOON)
    assert account.news == []


def test_a_slip_in_a_number_shows() -> None:
    assert check_digit("0794") == 5  # the example in ISO 7064
    number = case_number("2024", 48213057)
    assert number == "2024-482-130-572"
    assert is_case_number(number)
    assert is_case_number("2024 4821 30572")
    digits = number.replace("-", "")
    for place in range(4, len(digits)):
        other = str((int(digits[place]) + 1) % 10)
        assert not is_case_number(digits[:place] + other + digits[place + 1 :])
