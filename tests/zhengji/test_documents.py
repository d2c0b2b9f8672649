"""The play's documents are what they say: honest ones pass validation in every shape, faulty ones fail as meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from services.validation.adapters.sandbox import Sandbox
from services.validation.checking import check_file
from services.validation.domain.verdict import FileVerdict, Role
from shared.campaign.loading import load_campaign
from shared.counting import count
from zhengji.play.documents import SHAPES, Shape, case_document, encrypted
from zhengji.play.materials import film, large_pdf, pdf, picture, slides, some_materials
from zhengji.play.prose import Story, tell_story

Check = Callable[[str, bytes, Role], FileVerdict]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Check]:
    campaign = load_campaign("campaigns/2024-teacher-training.yaml")
    sandbox = Sandbox()
    folder: Path = tmp_path_factory.mktemp("checked")

    def checked(name: str, content: bytes, role: Role) -> FileVerdict:
        (folder / "file").write_bytes(content)
        return check_file(folder / "file", as_=role, name=name, campaign=campaign, sandbox=sandbox)

    yield checked
    sandbox.close()


def a_story(words: int = 1500, category: str = "region") -> Story:
    return tell_story(Random(7), category=category, unit="江苏东湖教师发展中心", province="江苏省", words=words)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_honest_shape_passes_with_its_four_parts(check: Check, shape: Shape) -> None:
    verdict = check("案例.docx", case_document(a_story(), shape), "document")
    assert (verdict.outcome.value, [part.code for part in verdict.parts]) == (
        "passed",
        ["basics", "process", "results", "innovation"],
    )


def test_what_the_story_counts_is_what_validation_counts(check: Check) -> None:
    story = a_story()
    verdict = check("案例.docx", case_document(story, Shape.BOLD), "document")
    assert verdict.words_low == count(story.text).low


@pytest.mark.parametrize("category", ["region", "school", "studio"])
@pytest.mark.parametrize("words", [850, 2900])
def test_a_story_never_has_more_words_than_asked(category: str, words: int) -> None:
    written = count(a_story(words, category).text).high
    assert words * 0.75 < written <= words


def test_a_summary_keeps_the_limit() -> None:
    assert count(a_story().summary).high <= 300


def test_too_long_fails(check: Check) -> None:
    verdict = check("案例.docx", case_document(a_story(3380), Shape.TYPED), "document")
    assert [finding.code.value for finding in verdict.findings] == ["TOO_LONG"]


def test_a_missing_part_is_a_remark(check: Check) -> None:
    verdict = check("案例.docx", case_document(a_story(), Shape.WPS, without="特色与创新"), "document")
    assert (verdict.outcome.value, [f.code.value for f in verdict.findings]) == ("remarks", ["PART_MISSING"])


def test_a_locked_document_blocks(check: Check) -> None:
    verdict = check("案例.docx", encrypted(case_document(a_story(), Shape.BOLD)), "document")
    assert [(f.code.value, f.severity.value) for f in verdict.findings] == [("ENCRYPTED", "blocked")]


def test_a_renamed_pdf_blocks(check: Check) -> None:
    verdict = check("案例.docx", pdf(2), "document")
    assert ("TYPE_NOT_ALLOWED", "blocked") in [(f.code.value, f.severity.value) for f in verdict.findings]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("通知.pdf", pdf(2)),
        ("照片.png", picture(Random(1))),
        ("汇报.pptx", slides(3, title="成果汇报")),
        ("实录.mp4", film(1)),
        ("扫描件.pdf", large_pdf(3_000_000)),
    ],
)
def test_each_material_passes(check: Check, name: str, content: bytes) -> None:
    assert check(name, content, "material").outcome.value == "passed"


def test_no_two_cases_have_the_same_material() -> None:
    chance = Random(5)
    made = [paper.content for at in range(30) for paper in some_materials(chance, title=f"题{at}")]
    assert len(made) == len(set(made))
