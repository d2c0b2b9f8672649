"""Makes certificates: one job is one signed PDF in the store and one write that tells of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from services.certificate.adapters.pdf import DoesNotFit, GlyphMissing
from services.certificate.adapters.press import Press
from services.certificate.app import App
from services.certificate.domain.campaign import holders, letter, wording
from services.certificate.domain.case import Case
from services.certificate.domain.certificate import DISQUALIFIED, Certificate, Issue, Wording, certificate_id, corrected
from services.certificate.store import NUMBER_TAKEN
from shared.campaign.model import Campaign
from shared.events.base import Event
from shared.jobs import Claimed, Worked, work_one
from shared.trouble import Away, NotThere, Refused

ATTEMPTS = 5

R = TypeVar("R")


class Maker:
    """Works off the jobs of this service, one at a time."""

    def __init__(self, app: App, *, press: Press) -> None:
        self._app = app
        self._store = app.store
        self._press = press

    def step(self) -> bool:
        """Do one job; False when there was none."""
        return work_one(self._store.jobs, self.work, when_given_up=_nothing_to_tell)

    def work(self, claimed: Claimed) -> Worked:
        """Make what the job asks for; a refusal (no glyph, too long) ends this job and no other."""
        make = {"issue": self._issue, "correct": self._correct}[claimed.payload["kind"]]
        try:
            return Worked(result=make(claimed))
        except (GlyphMissing, DoesNotFit) as refused:
            return Worked(result={"refused": refused.message})

    def _issue(self, claimed: Claimed) -> dict[str, Any]:
        place: int = claimed.payload["place"]
        case = self._store.cases.get(claimed.payload["case_id"])
        campaign = self._campaign(case.campaign_id)
        if not case.is_due:
            return {"skipped": DISQUALIFIED}
        if place not in case.named:
            return {"skipped": "本人不同意列为作者"}
        if holders(campaign, case) == (None,) and place != case.named[0]:
            return {"skipped": "每个案例颁发一份证书"}
        holder = None if holders(campaign, case) == (None,) else place
        done = self._store.certificates.find(certificate_id(case.id, place))
        if done is None:
            words = wording(campaign, case, holder=holder)
            done = self._with_free_number(
                lambda attempt: self._number(campaign, case, place=place, issue=1, attempt=attempt),
                lambda number: self._keep_first(claimed, case, words, number=number),
            )
        self._revoke_if_disqualified(case.id, done.id)
        return {"number": done.numbers[0]}

    def _keep_first(self, claimed: Claimed, case: Case, words: Wording, *, number: str) -> Certificate:
        place: int = claimed.payload["place"]
        certificate = Certificate(
            id=certificate_id(case.id, place),
            campaign_id=case.campaign_id,
            case_id=case.id,
            author=place,
            outcome=case.outcome,
        )
        certificate.issue(self._printed(case.campaign_id, words, number=number, at=claimed.payload["asked_at"]))
        self._store.certificates.ensure(certificate)
        return self._store.certificates.get(certificate.id)

    def _revoke_if_disqualified(self, case_id: str, certificate: str) -> None:
        """The disqualification may have been heard while the certificate was being made."""
        at = self._store.cases.get(case_id).disqualified_at
        if at is None:
            return

        def revoke(found: Certificate) -> None:
            if found.revocation is None:
                found.revoke(reason=DISQUALIFIED, by="review", at=at)

        self._store.certificates.change(certificate, revoke)

    def _correct(self, claimed: Claimed) -> dict[str, Any]:
        asked = claimed.payload
        earlier = self._store.certificates.answer_of(asked["certificate_id"], claimed.id)
        if earlier is not None:
            return {"number": earlier}
        before = self._store.certificates.get(asked["certificate_id"])
        case = self._store.cases.get(before.case_id)
        campaign = self._campaign(before.campaign_id)
        words = corrected(before.current.wording, name=asked["name"], unit=asked["unit"])
        try:
            number = self._with_free_number(
                lambda attempt: self._number(
                    campaign, case, place=before.author, issue=len(before.issues) + 1, attempt=attempt
                ),
                lambda number: self._keep_correction(claimed, before, words, number=number),
            )
        except Refused as refused:
            return {"refused": refused.message}
        return {"number": number}

    def _keep_correction(self, claimed: Claimed, before: Certificate, words: Wording, *, number: str) -> str:
        asked = claimed.payload
        issue = self._printed(before.campaign_id, words, number=number, at=asked["asked_at"], reason=asked["reason"])

        def replace(certificate: Certificate) -> str:
            if certificate.numbers != before.numbers:
                raise Refused("corrected-meanwhile", "该证书刚刚被更正，请核对现行的证书后再办理。", status=409)
            certificate.replace(issue)
            return number

        return self._store.certificates.change(before.id, replace, command=claimed.id)

    def _printed(self, campaign_id: str, words: Wording, *, number: str, at: datetime, reason: str = "") -> Issue:
        token = self._app.numbers.token(number)
        printed = self._press.printed(words, campaign_id=campaign_id, number=number, token=token, at=at)
        self._app.objects.put(
            printed.object_key, io.BytesIO(printed.pdf), size=len(printed.pdf), content_type="application/pdf"
        )
        return Issue(
            number=number,
            token=token,
            wording=words,
            object_key=printed.object_key,
            sha256=printed.sha256,
            issued_at=at,
            reason=reason,
        )

    def _number(self, campaign: Campaign, case: Case, *, place: int, issue: int, attempt: int) -> str:
        return self._app.numbers.number(
            year=campaign.id[:4],
            letter=letter(campaign, case),
            case_id=case.id,
            author=place,
            issue=issue,
            attempt=attempt,
        )

    @staticmethod
    def _with_free_number(draw: Callable[[int], str], keep: Callable[[str], R]) -> R:
        """Keep under the first number that nobody else has; two cases drawing the same one is rare, not impossible."""
        for attempt in range(ATTEMPTS):
            try:
                return keep(draw(attempt))
            except Refused as refused:
                if refused.code != NUMBER_TAKEN:
                    raise
        raise RuntimeError(f"{ATTEMPTS} numbers in a row are taken")

    def _campaign(self, campaign_id: str) -> Campaign:
        try:
            return self._app.campaigns.get(campaign_id)
        except NotThere as error:
            raise Away("campaign", f"{campaign_id} has not been heard yet") from error


def _nothing_to_tell(_claimed: Claimed, _error: str) -> tuple[Event, ...]:
    """A certificate that could not be made stands on the progress page; nobody else waits for the news."""
    return ()
