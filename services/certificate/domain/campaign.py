"""How a campaign words a case's certificates, and who gets them."""

from __future__ import annotations

from services.certificate.domain.case import Case
from services.certificate.domain.certificate import Wording
from services.certificate.domain.numbering import category_letter
from shared.campaign.model import Campaign, CertificateFor


def holders(campaign: Campaign, case: Case) -> tuple[int | None, ...]:
    """Whose certificates a case gets: the authors' places, or one None where all hold it together."""
    if campaign.certificates.one_for is CertificateFor.EACH_CASE:
        return (None,)
    return case.named


def wording(campaign: Campaign, case: Case, *, holder: int | None) -> Wording:
    """What stands on the certificate of this holder."""
    assert case.published_at is not None, "a certificate is worded after publication"
    named = [case.authors[place] for place in case.named]
    units = [author.unit for author in named] if holder is None else [case.authors[holder].unit]
    return Wording(
        heading=campaign.certificates.title,
        subtitle=campaign.subtitle,
        campaign=campaign.title,
        category=campaign.category(case.category).name,
        case_title=case.title,
        outcome=case.outcome,
        authors=tuple(author.name for author in named),
        holder=None if holder is None else case.named.index(holder),
        unit="、".join(dict.fromkeys(units)),
        issuer=campaign.issuer,
        seal=campaign.certificates.seal,
        dated=case.published_at,
    )


def letter(campaign: Campaign, case: Case) -> str:
    """The letter of the case's category in certificate numbers."""
    return category_letter(case.category, [category.code for category in campaign.categories])
