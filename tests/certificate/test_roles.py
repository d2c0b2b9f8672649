"""The roles as they run: what is told on the bus comes out as certificates, and they are told in turn."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from services.certificate.maker import Maker
from services.certificate.wiring import create_maker, create_worker, open_maker
from shared.events.wire import Heard, from_message, outbox_entry, to_message
from shared.events.wire import Told as ToldEvent
from shared.messaging.memory import MemoryBus
from shared.messaging.port import Listener
from shared.process import Process
from tests.certificate.conftest import World
from tests.certificate.samples import a_disqualification, a_result, a_sheet, contacts, the_campaign

DEADLINE = 120


def tell(bus: MemoryBus, *news: Heard) -> None:
    entries = [
        outbox_entry(
            ToldEvent(
                id=heard.id,
                event=heard.event,
                subject=heard.subject,
                seq=heard.seq,
                epoch=heard.epoch,
                time=heard.time,
                correlation=heard.correlation,
            )
        )
        for heard in news
    ]
    assert all(bus.speaker("test").tell([to_message(entry) for entry in entries], patience=5))


def turn(*processes: Process, until: int, listener: Listener) -> list[Heard]:
    """Turn every loop until so many certificate events were told, or the deadline has passed."""
    heard: list[Heard] = []
    end = time.monotonic() + DEADLINE
    while len(heard) < until and time.monotonic() < end:
        for process in processes:
            for loop in process.loops:
                loop.step()
        heard += [from_message(received.message) for received in listener.poll(wait=0.05, most=100)]
    return heard


def test_news_go_in_and_certificates_are_told(world: World) -> None:
    bus = MemoryBus()
    worker = create_worker(world.app.settings, app=world.app, bus=bus)
    maker = create_maker(world.app.settings, app=world.app)
    listener = bus.listener("test", ["certificate.open"])
    mobiles = {"李明": "13800001234", "王芳": "13900005678"}
    tell(bus, a_result("c"), contacts("c", mobiles), a_sheet("c"), the_campaign())
    issued = turn(worker, maker, until=2, listener=listener)
    assert [heard.event.__class__.__name__ for heard in issued] == ["CertificateIssued"] * 2
    assert {heard.key for heard in issued} == {"c"}
    assert {heard.subject for heard in issued} == {"c-0", "c-1"}
    tell(bus, a_disqualification("c"))
    revoked = turn(worker, maker, until=2, listener=listener)
    assert [(heard.event.__class__.__name__, heard.seq) for heard in revoked] == [("CertificateRevoked", 2)] * 2


def test_an_unknown_role_is_answered_with_the_roles_there_are() -> None:
    done = subprocess.run([sys.executable, "-m", "services.certificate", "cook"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "usage: python -m services.certificate web | worker | maker | migrate"


def test_a_missing_setting_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.certificate", "maker"], capture_output=True, text=True, env={}
    )
    assert done.returncode == 1
    assert "ZHENGJI_MONGO_URI: Field required" in done.stderr


def test_two_makers_share_a_batch_and_make_nothing_twice(world: World) -> None:
    cases = [f"case-{n}" for n in range(50)]
    world.hear(the_campaign(), *(news for case in cases for news in (a_sheet(case), a_result(case))))
    makers = [world.maker, open_maker(world.app)]

    def work(maker: Maker) -> int:
        made = 0
        while maker.step():
            made += 1
        return made

    with ThreadPoolExecutor(len(makers)) as pool:
        made = list(pool.map(work, makers))
    assert sum(made) == 100
    assert min(made) > 0
    rows = list(world.app.store.certificate_rows("2024-teacher-training"))
    assert len(rows) == len({row["numbers"][0] for row in rows}) == len(world.told()) == 100
