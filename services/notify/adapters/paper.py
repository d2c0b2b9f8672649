"""The paper letters are written on: Jinja2 templates, styles inlined, and the mail built from both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notify.domain.letter import SEALED_KINDS, Letter
from services.notify.domain.ports import Parcel
from services.notify.domain.read_mail import message_id_in
from shared.campaign.model import Campaign, WindowName
from shared.clock import SHANGHAI
from shared.web.wording import FILTERS

TEMPLATES = Path(__file__).parents[1] / "templates" / "letters"
MASKED = "••••-••••-••••"
TWICE_HEADER = "X-Zhengji-Possibly-Twice"
CORRELATION_HEADER = "X-Correlation-Id"

OUTCOMES = {"exemplary": "典型案例", "showcase": "展示案例", "not-selected": ""}
ROLES = {
    "province": "省级管理员",
    "helper": "省级协助人员",
    "expert": "推荐专家",
    "officer": "中心工作人员",
    "administrator": "中心管理员",
}
_WINDOWS: Mapping[str, WindowName] = {
    "receipt": "submission",
    "findings": "submission",
    "shortlist": "recommendation",
    "assignment": "review",
}
"""The window whose end a letter names."""
_ABSENT: Mapping[str, Mapping[str, Any]] = {"receipt": {"receipt": None, "hashes": ()}}
"""What letters written by an earlier release lack."""


@dataclass(frozen=True)
class Written:
    """A letter in words."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Links:
    """Where the buttons of letters lead: pages of all services behind the one door."""

    public_url: str

    def case(self, case_id: str) -> str:
        """The author's page of a case."""
        return f"{self.public_url}/cases/{case_id}"

    def shared_case(self, case_id: str) -> str:
        """A case as its signed-in co-author reads it."""
        return f"{self.public_url}/cases/{case_id}/read"

    def co_author(self, case_id: str, code: str) -> str:
        """The same for whoever has the letter: opening it spends nothing, answering does."""
        return f"{self.public_url}/co-author/{case_id}/{code}"

    def authors(self, case_id: str) -> str:
        """The authors of a case, for its holder."""
        return f"{self.public_url}/cases/{case_id}/authors"

    def take_over(self, case_id: str) -> str:
        """Where a co-author takes a case over."""
        return f"{self.public_url}/cases/{case_id}/take-over"

    def report(self, case_id: str) -> str:
        """The report on a case."""
        return f"{self.public_url}/reports/{case_id}"

    def password_reset(self) -> str:
        """Where an author types the code and a new password."""
        return f"{self.public_url}/login/reset"

    def activation(self) -> str:
        """The form that takes an activation code."""
        return f"{self.public_url}/staff/activate"

    def province(self) -> str:
        """The province's cases."""
        return f"{self.public_url}/province"

    def transfers(self) -> str:
        """Cases on their way to or from the province."""
        return f"{self.public_url}/province/transfers"

    def expert(self) -> str:
        """The expert's cases."""
        return f"{self.public_url}/expert"

    def receipt(self, case_id: str, version: int) -> str:
        """The author's receipt of a version."""
        return f"{self.public_url}/cases/{case_id}/receipt?version={version}"

    def receipt_pdf(self, case_id: str, version: int) -> str:
        """The same receipt as PDF."""
        return f"{self.public_url}/cases/{case_id}/receipt.pdf?version={version}"

    def verify_receipt(self) -> str:
        """Where anybody verifies a receipt."""
        return f"{self.public_url}/receipts/verify"

    def certificates(self) -> str:
        """The public query."""
        return f"{self.public_url}/certificates"


class Paper:
    """Writes letters. ``sender`` is the address they come from."""

    def __init__(self, *, public_url: str, sender: str, sender_name: str = "") -> None:
        self._links = Links(public_url.rstrip("/"))
        self._sender = sender
        self._sender_name = sender_name
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(FILTERS)
        # Everything is in the templates: nothing is ever loaded from an address.
        self._inliner = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def write(
        self, letter: Letter, *, campaign: Campaign, at: datetime, code: str = MASKED, on_site: bool = False
    ) -> Written:
        """The letter in words; pages leave the code out, and so it is masked. On the site the text has no footer."""
        values = {**self._values(letter, campaign, at), "on_site": on_site}
        if letter.kind in SEALED_KINDS:
            values["code"] = code
        subject = " ".join(self._render(letter.kind, "subject.txt", values).split())
        page = self._render(letter.kind, "body.html", {**values, "subject": subject})
        text = self._render(letter.kind, "body.txt", {**values, "subject": subject})
        return Written(subject=subject, html=self._inliner.inline(page), text=_trimmed(text))

    def parcel(self, letter: Letter, *, campaign: Campaign, at: datetime, code: str) -> Parcel:
        """The letter as the mail that goes out."""
        written = self.write(letter, campaign=campaign, at=at, code=code)
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(display_name=self._sender_name or campaign.title, addr_spec=self._sender)
        mail["To"] = letter.email
        mail["Subject"] = written.subject
        mail["Date"] = format_datetime(at.astimezone(SHANGHAI))
        mail["Message-ID"] = letter.message_id
        mail["Auto-Submitted"] = "auto-replied" if letter.answers else "auto-generated"
        if answered := message_id_in(letter.answers):
            mail["In-Reply-To"] = answered
            mail["References"] = answered
        if letter.correlation:
            mail[CORRELATION_HEADER] = letter.correlation
        if letter.possibly_twice:
            mail[TWICE_HEADER] = "yes"
        mail.set_content(written.text, charset="utf-8", cte="base64")
        mail.add_alternative(written.html, subtype="html", charset="utf-8", cte="base64")
        for name, signed in _enclosed(letter):
            mail.add_attachment(signed, maintype="application", subtype="json", filename=name)
        return Parcel(
            sender=self._sender, recipient=letter.email, message_id=letter.message_id, content=mail.as_bytes()
        )

    def _render(self, kind: str, file: str, values: Mapping[str, Any]) -> str:
        return self._templates.get_template(f"{kind}/{file}").render(values)

    def _values(self, letter: Letter, campaign: Campaign, at: datetime) -> dict[str, Any]:
        given = letter.values
        window = campaign.window(_WINDOWS[letter.kind]) if letter.kind in _WINDOWS else None
        closes = window.closes if window and window.announced and not window.has_closed(at) else None
        return {
            **_ABSENT.get(letter.kind, {}),
            **given,
            **_named(given, campaign),
            "name": letter.name,
            "case_id": letter.case_id,
            "possibly_twice": letter.possibly_twice,
            "closes": closes,
            "links": self._links,
            "masthead": {
                "title": campaign.title,
                "subtitle": campaign.subtitle,
                "organiser": campaign.organiser,
                "issuer": campaign.issuer,
                "phone": campaign.helpline.phone,
                "hours": campaign.helpline.hours,
                "mailbox": campaign.mailbox,
            },
        }


def _enclosed(letter: Letter) -> Iterator[tuple[str, bytes]]:
    """What goes with the mail: the signed receipt, byte for byte as intake signed it."""
    if receipt := letter.values.get("receipt"):
        name = f"报送回执-{letter.values['number']}-第{letter.values['case_version']}版.json"
        yield name, str(receipt["text"]).encode()


def _named(given: Mapping[str, Any], campaign: Campaign) -> dict[str, str]:
    """The Chinese names of the codes among a letter's values; a code that no list knows stands as it is."""
    names: dict[str, Callable[[str], str]] = {
        "category": lambda code: campaign.category(code).name,
        "province": lambda code: campaign.province(code).name,
        "source": lambda code: campaign.province(code).name,
        "target": lambda code: campaign.province(code).name,
        "outcome": lambda code: OUTCOMES[code],
        "role": lambda code: ROLES[code],
        "reason": lambda code: campaign.disqualification_reason(code).name,
    }
    found = {}
    for name, look_up in names.items():
        code = str(given.get(name, ""))
        try:
            found[f"{name}_name"] = look_up(code)
        except LookupError:
            found[f"{name}_name"] = code
    return found


def _trimmed(text: str) -> str:
    """Plain text without more than one empty line in a row. Autoescape is off for it, so nothing is to be undone."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"
