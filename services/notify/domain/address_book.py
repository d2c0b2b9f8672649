"""How people are reached: the contacts of each case, and the accounts of staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.letter import Addressee, Reached, Whom
from shared.aggregates import Aggregate
from shared.events.intake import AuthorContacts, CaseSubmittedInFull


@dataclass(frozen=True)
class Contact:
    """One author: ``account_id`` is empty for those without an account, ``email`` for those without one."""

    name: str
    email: str
    account_id: str
    person: str


@dataclass(kw_only=True)
class CaseContacts(Aggregate):
    """The authors of a case in the order of the sheet; ``owner`` is the account that handed it in."""

    campaign_id: str = ""
    number: str = ""
    title: str = ""
    category: str = ""
    province: str = ""
    owner: str = ""
    contacts: tuple[Contact, ...] = ()
    case_version: int = 0
    placed_in: str = ""
    """The province that was decided after the bell, which later versions do not change."""
    held_by: str = ""
    """The account that took the case over; earlier news may still name the one before."""

    def learn_contacts(self, event: AuthorContacts) -> None:
        """Take how the authors of a version are reached; an older version changes nothing."""
        if event.case_version < self.case_version:
            return
        self.campaign_id, self.case_version = event.campaign_id, event.case_version
        self.number, self.title = event.number, event.title
        self.category, self.province = event.category, self.placed_in or event.province
        self.contacts = tuple(
            Contact(name=each.name, email=each.email.strip(), account_id=each.account_id, person=each.person)
            for each in event.contacts
        )

    def move(self, to: str) -> None:
        """The case is another province's."""
        self.province = self.placed_in = to

    def hand_over(self, to: Contact) -> None:
        """A co-author took the case over: letters to its holder go to them."""
        self.owner = self.held_by = to.account_id
        self.contacts = tuple(to if each.person == to.person else each for each in self.contacts)

    def forget(self, person: str, *, case_version: int) -> None:
        """Somebody named in this version does not want to be: no letter goes to them; the places of others stay."""
        if case_version < self.case_version:
            return
        self.contacts = tuple(
            Contact(name=each.name, email="", account_id="", person=person) if each.person == person else each
            for each in self.contacts
        )

    def learn_owner(self, event: CaseSubmittedInFull) -> None:
        """Take which account handed the case in."""
        self.campaign_id = event.campaign_id
        self.owner = self.held_by or event.account_id

    @property
    def submitter(self) -> Contact | None:
        """The author who handed the case in; where nobody is known to have, the first with an account, or the first."""
        by_account = [each for each in self.contacts if each.account_id]
        owners = [each for each in by_account if each.account_id == self.owner]
        return next(iter([*owners, *by_account, *self.contacts]), None)

    def co_authors(self) -> tuple[Contact, ...]:
        """The other authors who can be reached, by mail or on the site."""
        submitter = self.submitter
        return tuple(each for each in self.contacts if each != submitter and (each.email or each.account_id))

    def reached(self, contact: Contact) -> Reached:
        """The contact as somebody reached, with what is known of the case."""
        facts = (("number", self.number), ("title", self.title), ("author_name", contact.name))
        return Reached(name=contact.name, email=contact.email, account_id=contact.account_id, facts=facts)

    def find(self, to: Addressee) -> Reached | None:
        """Whom a letter about this case goes to; None while nothing is known.

        An author who has neither e-mail nor account is reached through the one who handed the case in.
        """
        submitter = self.submitter
        if submitter is None:
            return None
        if to.whom is Whom.ACCOUNT:
            named = next((each for each in self.contacts if each.account_id == to.account_id), submitter)
            return self.reached(named)
        if to.whom is not Whom.AUTHOR or to.place >= len(self.contacts):
            return self.reached(submitter)
        author = self.contacts[to.place]
        if author.email or author.account_id:
            return self.reached(author)
        through = self.reached(submitter)
        facts = tuple((name, author.name if name == "author_name" else text) for name, text in through.facts)
        return Reached(name=through.name, email=through.email, account_id=through.account_id, facts=facts)


@dataclass(kw_only=True)
class StaffContact(Aggregate):
    """How an account of staff is reached; ``since`` tells the newest contact of a province."""

    role: str = ""
    name: str = ""
    email: str = ""
    province: str = ""
    since: datetime | None = None

    def learn(self, *, role: str, name: str, email: str, province: str, at: datetime) -> None:
        """Take what an event says of the account."""
        self.role = role or self.role
        self.name, self.email = name, email.strip()
        self.province = province or self.province
        if self.since is None or at > self.since:
            self.since = at

    def reached(self) -> Reached:
        """The account as somebody reached."""
        return Reached(name=self.name, email=self.email, account_id=self.id)
