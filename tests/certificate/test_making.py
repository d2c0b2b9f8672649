"""From news to signed certificates: whatever the order, however often, whoever dies (E1, E4, E6)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from itertools import permutations

import pytest

from services.certificate import handlers, queries
from services.certificate.adapters.signing import PdfJudge
from services.certificate.domain.certificate import Certificate, Standing
from shared.events.wire import Heard
from shared.jobs import Claimed
from shared.trouble import Away, Refused
from tests.certificate.conftest import World
from tests.certificate.samples import (
    LATER,
    PUBLISHED,
    a_disqualification,
    a_refusal,
    a_result,
    a_sheet,
    contacts,
    keys,
    the_campaign,
)

MOBILES = {"李明": "13800001234", "王芳": "13900005678"}


def all_news(case_id: str = "c") -> list[Heard]:
    return [the_campaign(), a_sheet(case_id), contacts(case_id, MOBILES), a_result(case_id)]


def numbers(world: World) -> list[str]:
    return sorted(
        number for row in world.app.store.certificate_rows("2024-teacher-training") for number in row["numbers"]
    )


def test_every_author_gets_a_signed_certificate(world: World) -> None:
    world.hear(*all_news())
    assert world.make_all() == 2
    found = world.app.store.certificates_of_case("c")
    assert [(c.author, c.current.wording.holder_name, c.current.wording.unit) for c in found] == [
        (0, "李明", "玄武区第1中学"),
        (1, "王芳", "玄武区第2中学"),
    ]
    assert {c.current.wording.authors for c in found} == {("李明", "王芳")}
    assert {c.current.wording.dated for c in found} == {PUBLISHED}
    for certificate in found:
        pdf = world.objects.read(certificate.current.object_key)
        assert hashlib.sha256(pdf).hexdigest() == certificate.current.sha256
        assert PdfJudge([keys().authority]).verify_pdf(pdf).valid
    assert world.told() == [("CertificateIssued", c.current.number) for c in found]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_the_order_of_news_does_not_matter(world: World, order: tuple[int, ...]) -> None:
    news = all_news()
    world.hear(*(news[place] for place in order))
    world.make_all()
    assert len(numbers(world)) == 2
    assert {len(queries.by_name(world.app, name=name, last_four=mobile[-4:])) for name, mobile in MOBILES.items()} == {
        1
    }


def test_news_heard_twice_and_jobs_done_twice_make_nothing_twice(world: World) -> None:
    world.hear(*all_news(), *all_news())
    assert world.make_all() == 2
    before = numbers(world), world.told()
    world.hear(*all_news())
    for place in (0, 1):
        payload = {"kind": "issue", "case_id": "c", "place": place, "asked_at": LATER}
        world.maker.work(Claimed(id=f"issue-c-{place}", payload=payload, tries=2, token="t", correlation="x"))
    assert (numbers(world), world.told()) == before


def test_a_worker_killed_after_the_file_and_before_the_record_leaves_no_gap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hear(*all_news())
    claimed = world.app.store.jobs.claim()
    assert claimed is not None
    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(world.app.store.certificates, "ensure", _die)
        world.maker.work(claimed)
    stored = list(world.objects._inside.list_objects(world.app.settings.s3_bucket, recursive=True))
    assert len(stored) == 1
    world.clock.advance(timedelta(minutes=10))
    assert world.make_all() == 2
    again = list(world.objects._inside.list_objects(world.app.settings.s3_bucket, recursive=True))
    assert len(again) == 2
    assert stored[0].object_name in {found.object_name for found in again}
    assert len(numbers(world)) == 2


def test_a_maker_that_was_overtaken_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped past its lease with the file in the store; meanwhile another one makes the certificate."""
    world.hear(*all_news())
    real = world.app.store.certificates.ensure
    others: list[bool] = []

    def stopped(certificate: Certificate) -> bool:
        monkeypatch.setattr(world.app.store.certificates, "ensure", real)
        world.clock.advance(timedelta(minutes=20))
        others.extend([world.maker.step(), world.maker.step()])
        return real(certificate)

    monkeypatch.setattr(world.app.store.certificates, "ensure", stopped)
    assert world.maker.step()
    assert others == [True, True]
    assert not world.maker.step()
    found = world.app.store.certificates_of_case("c")
    assert world.told() == [("CertificateIssued", each.current.number) for each in found]
    assert len(numbers(world)) == 2
    stored = {
        str(each.object_name)
        for each in world.objects._inside.list_objects(world.app.settings.s3_bucket, recursive=True)
    }
    assert stored >= {each.current.object_key for each in found}
    for each in found:
        assert hashlib.sha256(world.objects.read(each.current.object_key)).hexdigest() == each.current.sha256


def _die(*_: object) -> bool:
    raise KeyboardInterrupt


def test_without_the_campaign_the_job_waits_and_counts_no_try(world: World) -> None:
    world.hear(a_sheet("c"), a_result("c"))
    with pytest.raises(Away):
        world.maker.step()
    world.hear(the_campaign())
    world.clock.advance(timedelta(seconds=10))
    assert world.make_all() == 2
    row = world.app.store.jobs.find("issue-c-0")
    assert row is not None
    assert row["tries"] == 1


def test_a_number_somebody_else_has_is_passed_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = world.app.numbers.number
    monkeypatch.setattr(
        world.app.numbers,
        "number",
        lambda *, attempt, author, **more: (
            "2024A-AAAA-AAAA" if attempt == 0 else drawn(attempt=attempt, author=author, **more)
        ),
    )
    world.hear(*all_news())
    assert world.make_all() == 2
    assert len(set(numbers(world))) == 2
    assert "2024A-AAAA-AAAA" in numbers(world)


def test_a_missing_glyph_stops_one_certificate_and_not_the_batch(world: World) -> None:
    world.hear(the_campaign(), a_sheet("bad", names=("李\ue000明",)), a_result("bad"), *all_news("good")[1:])
    assert world.make_all() == 3
    batch = queries.batch(world.app)
    assert batch is not None
    assert (batch.due, batch.issued, batch.waiting) == (3, 2, 0)
    assert [(stopped.case_id, stopped.holder, "U+E000" in stopped.because) for stopped in batch.stopped] == [
        ("bad", "李\ue000明", True)
    ]
    handlers.try_again(world.app, case_id="bad", place=0, at=LATER, command="k")
    assert world.make_all() == 1
    assert len(numbers(world)) == 2


def test_one_certificate_for_each_case_where_the_campaign_says_so(world: World) -> None:
    certificates = {"one_for": "each_case", "title": "电子证书", "seal": "组委会", "query_opens": None}
    world.hear(the_campaign(certificates=certificates), a_sheet("c"), contacts("c", MOBILES), a_result("c"))
    world.make_all()
    (certificate,) = world.app.store.certificates_of_case("c")
    assert certificate.current.wording.holder_name == "李明、王芳"
    assert certificate.current.wording.unit == "玄武区第1中学、玄武区第2中学"
    for name, mobile in MOBILES.items():
        assert len(queries.by_name(world.app, name=name, last_four=mobile[-4:])) == 1


@pytest.mark.parametrize("order", list(permutations(range(5)))[::13])
def test_who_does_not_agree_to_be_an_author_is_named_on_no_certificate(world: World, order: tuple[int, ...]) -> None:
    news = [*all_news(), a_refusal("c", "李明")]
    world.hear(*(news[at] for at in order))
    world.make_all()
    if order.index(4) < max(order.index(1), order.index(3)):  # refused before both sheet and result were known
        (only,) = world.app.store.certificates_of_case("c")
        assert (only.author, only.current.wording.holder_name, only.current.wording.authors) == (1, "王芳", ("王芳",))
        assert only.current.wording.unit == "玄武区第2中学"


def test_where_a_case_gets_one_certificate_it_is_made_for_those_who_agree(world: World) -> None:
    certificates = {"one_for": "each_case", "title": "电子证书", "seal": "组委会"}
    sheet, who, result = a_sheet("c"), contacts("c", MOBILES), a_result("c")
    world.hear(the_campaign(certificates=certificates), sheet, who, a_refusal("c", "李明"), result)
    world.make_all()
    (only,) = world.app.store.certificates_of_case("c")
    assert only.current.wording.holder_name == "王芳"


def test_a_disqualification_revokes_what_was_issued(world: World) -> None:
    world.hear(*all_news())
    world.make_all()
    world.hear(a_disqualification("c"), a_disqualification("c"))
    found = world.app.store.certificates_of_case("c")
    assert {c.standing(c.current.number) for c in found} == {Standing.REVOKED}
    assert [kind for kind, _ in world.told()] == ["CertificateIssued", "CertificateRevoked"] * 2


def test_a_disqualification_before_the_making_leaves_nothing_to_make(world: World) -> None:
    world.hear(*all_news(), a_disqualification("c"))
    world.make_all()
    assert numbers(world) == []


def test_a_disqualification_during_the_making_revokes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hear(*all_news())
    put = world.objects.put

    def put_late(*given: object, **options: object) -> None:
        put(*given, **options)  # type: ignore[arg-type]  # handed on as it came
        world.hear(a_disqualification("c"))

    monkeypatch.setattr(world.objects, "put", put_late)
    world.make_all()
    found = world.app.store.certificates_of_case("c")
    assert found
    assert {c.standing(c.current.number) for c in found} == {Standing.REVOKED}


def test_a_correction_replaces_the_number_and_keeps_the_order_of_authors(world: World) -> None:
    world.hear(*all_news())
    world.make_all()
    old = world.app.store.certificates_of_case("c")[1].current.number
    for _ in range(2):
        handlers.correct_certificate(
            world.app, old, name="王方", unit="新单位", reason="姓名有误", by="s", at=LATER, command="k"
        )
    assert world.make_all() == 1
    certificate = world.app.store.certificates_of_case("c")[1]
    assert certificate.numbers[0] == old
    assert len(certificate.numbers) == 2
    assert certificate.current.wording.authors == ("李明", "王方")
    assert certificate.current.wording.unit == "新单位"
    assert [kind for kind, _ in world.told()] == ["CertificateIssued", "CertificateIssued", "CertificateReplaced"]
    with pytest.raises(Refused, match="not-in-force"):
        handlers.correct_certificate(
            world.app, old, name="王", unit="新单位", reason="x", by="s", at=LATER, command="l"
        )


def test_a_school_renamed_later_changes_no_issued_certificate(world: World) -> None:
    world.hear(*all_news())
    world.make_all()
    before = world.app.store.certificates_of_case("c")
    world.hear(a_sheet("c", title="后来的标题", version=2), the_campaign(revision=2, issuer="新的组委会"))
    world.make_all()
    assert world.app.store.certificates_of_case("c") == before


def test_nothing_kept_reveals_a_mobile(world: World) -> None:
    world.hear(*all_news())
    world.make_all()
    kept = str([list(world.database.db[name].find()) for name in world.database.db.list_collection_names()])
    assert [part for mobile in MOBILES.values() for part in (mobile, f"'{mobile[-4:]}'") if part in kept] == []


def test_a_new_mobile_finds_it_and_so_does_the_old(world: World) -> None:
    world.hear(*all_news(), contacts("c", {"李明": "13700009999"}, seq=2))
    world.make_all()
    found = [queries.by_name(world.app, name="李 明", last_four=last) for last in ("1234", "9999", "0000")]
    assert [len(each) for each in found] == [1, 1, 0]
