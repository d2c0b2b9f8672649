"""What the sender does: find addresses, take one letter at a time, hand it over, keep what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog

from services.notify.app import App
from services.notify.domain.delivery import SLOW_DOWN, Verdict, verdict
from services.notify.domain.letter import Letter
from services.notify.domain.ports import AnswerLost, Declined, Parcel
from services.notify.handlers.writing import find_address
from shared.identity.secrets import unseal
from shared.records.servertime import server_time
from shared.telemetry.correlation import following
from shared.telemetry.metrics import LETTERS
from shared.trouble import Away, NotThere, Unreadable

log = structlog.get_logger()

AT_ONCE = 20
WITHOUT_CAMPAIGN = timedelta(seconds=5)
NOT_BUILT = "系统未能写成此信，已通知技术人员。"
NOT_HANDED_OVER = "系统交寄此信时出错，已通知技术人员。"


def find_addresses(app: App) -> bool:
    """Look for the addresses that letters wait for and whose time to look has come."""
    found = [find_address(app, letter_id) for letter_id in app.letters.without_address(at=app.clock(), most=200)]
    return any(found)


def send_next(app: App) -> bool:
    """Send one letter that is due and within the limits; False when there is none. Away when the server is."""
    full: list[str] = []
    now = server_time(app.database, app.clock)  # a sender whose clock is ahead must not take what another one sends
    while due := app.letters.due_to_send(at=now, without=full, most=AT_ONCE):
        for row in due:
            domain = row.get("domain", "")
            if domain in full:
                continue
            if not _may_go(app, domain):
                full.append(domain)
                continue
            token = uuid.uuid4().hex
            if _take(app, row["_id"], token, now=now):
                _send(app, row["_id"], token)
                return True
        if len(due) < AT_ONCE:
            return False
    return False


def _may_go(app: App, domain: str) -> bool:
    """Whether the limit of this domain, and then that of all together, has room now."""
    settings, now = app.settings, app.clock()
    burst = settings.letters_burst
    per_domain = settings.letters_per_minute_and_domain
    if not app.buckets.draw(f"domain:{domain}", at=now, per_minute=per_domain, burst=min(burst, per_domain)):
        return False
    return app.buckets.draw("all", at=now, per_minute=settings.letters_per_minute, burst=burst)


def _take(app: App, letter_id: str, token: str, *, now: datetime) -> bool:
    lease = timedelta(seconds=app.settings.letter_lease_seconds)
    return app.letters.change(letter_id, lambda letter: letter.take(token, at=now, lease=lease))


def _send(app: App, letter_id: str, token: str) -> None:
    """From here the letter is kept as ``sending``: whatever cuts this down, it goes again with the same Message-ID."""
    letter = app.letters.get(letter_id)
    with following(letter.correlation, cause=f"{letter_id}/{token}"):
        try:
            parcel = _built(app, letter)
        except NotThere:
            later = app.clock() + WITHOUT_CAMPAIGN
            app.letters.change(letter_id, lambda each: each.put_back(token, at=later))
        except Unreadable:
            now = app.clock()
            app.letters.change(letter_id, lambda each: each.refuse(token, "信中的代码无法打开，请重新签发。", at=now))
            log.error("sealed_code_does_not_open", letter=letter_id, kind=letter.kind)
        except Away:
            _put_back(app, letter_id, token)
            raise
        except Exception:  # a bug, or values no mail can hold: this letter fails, the others go on
            log.exception("letter_not_built", letter=letter_id, kind=letter.kind)
            now = app.clock()
            app.letters.change(letter_id, lambda each: each.put_off(token, NOT_BUILT, at=now, wait=None))
            LETTERS.labels("notify", letter.kind, "failed").inc()
        else:
            _hand_over(app, letter, token, parcel)


def _hand_over(app: App, letter: Letter, token: str, parcel: Parcel) -> None:
    try:
        app.post.send(parcel)
    except Declined as declined:
        _declined(app, letter, token, declined)
    except AnswerLost as lost:
        _put_off(app, letter, token, f"未收到邮件服务器的答复：{lost}", unsure=True)
    except Away:
        _put_back(app, letter.id, token)
        raise
    except Exception:  # a bug on this letter's way: it has its tries, the others go on
        log.exception("letter_not_handed_over", letter=letter.id, kind=letter.kind)
        _put_off(app, letter, token, NOT_HANDED_OVER, unsure=True)
    else:
        now = app.clock()
        app.letters.change(letter.id, lambda each: each.mark_sent(token, at=now))
        LETTERS.labels("notify", letter.kind, "sent").inc()
        log.info("letter_sent", letter=letter.id, kind=letter.kind, possibly_twice=letter.possibly_twice)


def _put_back(app: App, letter_id: str, token: str) -> None:
    now = app.clock()
    app.letters.change(letter_id, lambda each: each.put_back(token, at=now))


def _built(app: App, letter: Letter) -> Parcel:
    """The mail; the sealed code is opened here and nowhere else."""
    campaign = app.campaign(letter.campaign_id)
    code = unseal(letter.sealed, app.settings.letter_private_key) if letter.sealed else ""
    return app.paper.parcel(letter, campaign=campaign, at=app.clock(), code=code)


def _declined(app: App, letter: Letter, token: str, declined: Declined) -> None:
    reason = f"{declined.code} {declined.text}"
    judged = verdict(declined.code, declined.text)
    if judged is Verdict.NEVER:
        now = app.clock()
        app.letters.change(letter.id, lambda each: each.refuse(token, reason, at=now))
        LETTERS.labels("notify", letter.kind, "bounced").inc()
        log.warning("letter_bounced", letter=letter.id, kind=letter.kind, code=declined.code)
    else:
        at_least = SLOW_DOWN if judged is Verdict.TOO_FAST else timedelta(0)
        _put_off(app, letter, token, reason, at_least=at_least)


def _put_off(
    app: App, letter: Letter, token: str, reason: str, *, at_least: timedelta = timedelta(0), unsure: bool = False
) -> None:
    now = app.clock()
    wait = app.patience.wait(letter.id, tries=letter.tries + 1, at_least=at_least)
    app.letters.change(letter.id, lambda each: each.put_off(token, reason, at=now, wait=wait, unsure=unsure))
    LETTERS.labels("notify", letter.kind, "failed" if wait is None else "put_off").inc()
    log.warning("letter_put_off", letter=letter.id, kind=letter.kind, tries=letter.tries + 1, given_up=wait is None)
