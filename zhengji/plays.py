"""zhengji play: the whole campaign, once, through the public doors of a running platform, and the accounting."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from pymongo import MongoClient

from shared.campaign.loading import CampaignErrors, load_campaign
from shared.campaign.model import Campaign
from shared.campaign.pacing import paced
from shared.clock import system_clock
from shared.events.catalogue import SERVICES
from shared.objects import Objects
from shared.records import Database
from shared.records.audit import AuditTrail
from shared.settings import ServiceSettings
from shared.trouble import Refused
from zhengji.admins import first_administrator
from zhengji.campaigns import keep_draft, renamed
from zhengji.options import VAR, Var
from zhengji.play.accounting import Account, Truth, settled, take_account
from zhengji.play.browser import Broken
from zhengji.play.cast import Cast, Person, make_cast
from zhengji.play.listening import end_offsets, records
from zhengji.play.post import Post
from zhengji.play.screen import Screen
from zhengji.play.script import Play
from zhengji.play.tables import show, show_ways_in
from zhengji.play.world import RealWorld, TookTooLong
from zhengji.saying import complain
from zhengji.surroundings import settings_of, surroundings

_FILE = Path("campaigns/2024-teacher-training.yaml")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def play(
    provinces: Annotated[int, typer.Option(min=1, max=32, help="Provinces that take part.")] = 6,
    cases: Annotated[int, typer.Option(min=1, max=3000, help="Cases that are handed in.")] = 120,
    experts: Annotated[int, typer.Option(min=3, max=500, help="Experts who are invited.")] = 24,
    pace: Annotated[float, typer.Option(min=5, help="Seconds of each window.")] = 60,
    threads: Annotated[int, typer.Option(min=1, max=32, help="People who act at the same time.")] = 5,
    campaign: Annotated[Path, typer.Option(help="The campaign file.")] = _FILE,
    var: Var = VAR,
) -> None:
    """Play a campaign on the running platform; exits with 1 when any number is wrong."""
    screen, found = Screen(), surroundings(var)
    run = str(int(time.time()))
    try:
        rules = renamed(load_campaign(campaign), f"2024-demo-{_base36(int(run))}")
    except (CampaignErrors, OSError) as error:
        complain(str(error))
        raise typer.Exit(2) from error
    backstage = RealBackstage(var)
    cast = make_cast(rules, run=run, provinces=provinces, cases=cases, experts=experts)
    kept = backstage.kept_administrator()
    started = Play(
        world=real_world(found, threads=threads),
        cast=cast if kept is None else _with(cast, kept[0]),
        campaign=paced(rules, system_clock(), pace),
        backstage=backstage,
        screen=screen,
    )
    if kept is not None:
        started.centre.staff.secret = kept[1]
    raise typer.Exit(0 if perform(started, backstage, var=var) else 1)


def perform(started: Play, backstage: RealBackstage, *, var: Path) -> bool:
    """Play, account, tell; gives whether everything fits."""
    screen, truth = started.screen, real_truth(started.world.post, var=var)
    before = truth.topics()
    try:
        started.run()
    except (Broken, TookTooLong, Refused) as error:
        screen.say(f"[bold red]{type(error).__name__}[/bold red] {error}")
        return False
    finally:
        backstage.keep_administrator(started.centre.staff.person, started.centre.staff.secret)
    account = account_of(started, truth, before)
    show(screen, started, account)
    show_ways_in(screen, started, url=surroundings(var)["ZHENGJI_PUBLIC_URL"])
    return account.fits


def account_of(started: Play, truth: Truth, before: Mapping[str, int]) -> Account:
    """Wait until the services rest, then count."""
    try:
        started.world.until("the services at rest", lambda: settled(truth) or None, seconds=240)
    except TookTooLong as late:
        started.screen.say(f"[bold red]{late}[/bold red]")
    return take_account(
        started.book, truth, campaign_id=started.campaign.id, before=before, secrets=started.cast.secrets
    )


class RealBackstage:
    """The command line's own functions, on the settings of a stack. Remembers the administrator between plays."""

    def __init__(self, var: Path) -> None:
        self._var = var
        self._file = var / "play" / "administrator.json"

    def load(self, campaign: Campaign) -> None:
        """As zhengji campaign load."""
        keep_draft(campaign, var=self._var)

    def first_administrator(self, *, name: str, mobile: str, email: str) -> str:
        """As zhengji admin create-first --another: the stack may have an administrator that no play knows."""
        return first_administrator(name=name, mobile=mobile, email=email, another="演示用账号", var=self._var).code

    def kept_administrator(self) -> tuple[Person, str] | None:
        """Who administers this stack since an earlier play, with the second factor's secret."""
        if not self._file.exists():
            return None
        kept: dict[str, Any] = json.loads(self._file.read_text())
        return Person(**kept["person"]), kept["secret"]

    def keep_administrator(self, person: Person, secret: str) -> None:
        """For the next play."""
        if secret:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
            self._file.write_text(json.dumps({"person": asdict(person), "secret": secret}, ensure_ascii=False))


def real_world(found: Mapping[str, str], *, threads: int, patience: float = 30) -> RealWorld:
    """The platform the settings name."""
    post = Post(
        smtp_host=found["ZHENGJI_SMTP_HOST"],
        smtp_port=int(found["ZHENGJI_SMTP_PORT"]),
        imap_host=found["ZHENGJI_IMAP_HOST"],
        imap_port=int(found["ZHENGJI_IMAP_PORT"]),
    )
    mailbox, url = found["ZHENGJI_IMAP_USER"], found["ZHENGJI_PUBLIC_URL"]
    return RealWorld(url=url, post=post, mailbox=mailbox, threads=threads, patience=patience)


def real_truth(post: Post, *, var: Path) -> Truth:
    """Databases, store, mailboxes and topics of the platform the settings name."""
    settings = settings_of(ServiceSettings, var=var, service="intake")
    client: MongoClient[dict[str, Any]] = MongoClient(settings.mongo_uri, tz_aware=True)
    objects = Objects(settings)

    def read_object(key: str) -> Iterator[bytes]:
        return objects.chunks(key)

    return Truth(
        databases={service: client[f"{settings.mongo_prefix}_{service}"] for service in SERVICES},
        read_object=read_object,
        letters=post.letters,
        topics=lambda: end_offsets(settings.kafka_servers),
        told_on=lambda topic: records(settings.kafka_servers, topic),
        broken_record=lambda service: broken_record(settings, service),
    )


def broken_record(settings: ServiceSettings, service: str) -> int | None:
    """The first entry of a service's record of decisions that does not hold."""
    database = Database(service, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
    try:
        return AuditTrail(database).verify()
    finally:
        database.close()


def _with(cast: Cast, administrator: Person) -> Cast:
    return Cast(**{**cast.__dict__, "administrator": administrator})


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
