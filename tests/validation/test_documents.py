"""V2: the case document. Honest forms pass; what is counted, and what is found."""

from __future__ import annotations

import zipfile

import pytest

from services.validation.domain.findings import Code, Outcome
from services.validation.domain.verdict import FileVerdict
from tests.validation.conftest import Check
from tests.validation.documents import BODY, DOCX_MAIN, FOUR, W, docx, four_parts, p, table, text_box


def codes(verdict: FileVerdict) -> list[str]:
    return [finding.code.value for finding in verdict.findings]


HONEST = {
    "typed numbers": four_parts(),
    "bold only": four_parts("{title}", bold=True),
    "plain lines": four_parts("{title}"),
    "styled": four_parts("{title}", style="1"),
    "a style of one's own": four_parts("{title}介绍", style="my"),
    "numbered by Word": four_parts("{title}", numbered=True),
    "第一部分": four_parts("第{n}部分 {title}"),
    "（一）": four_parts("（{n}）{title}"),
    "table, two columns": table([(title, BODY) for title in FOUR]),
    "table, heading rows": table([(cell,) for title in FOUR for cell in (title, BODY)]),
    "text boxes": "".join(text_box(p(title)) + p(BODY) for title in FOUR),
    "everything in text boxes": "".join(text_box(p(title) + p(BODY)) for title in FOUR),
    "content controls": "".join(
        f"<w:sdt><w:sdtPr/><w:sdtContent>{p(title)}</w:sdtContent></w:sdt>{p(BODY)}" for title in FOUR
    ),
    "split over runs": "".join(
        "<w:p>" + "".join(f"<w:r><w:t>{c}</w:t></w:r>" for c in f"一、{title}") + f"</w:p>{p(BODY)}" for title in FOUR
    ),
    "two in one heading": p("一、基本情况")
    + p(BODY)
    + p("二、过程与举措")
    + p(BODY)
    + p("三、经验成效与特色创新")
    + p(BODY),
    "run-in headings": "".join(p(f"{n}、{t}：{BODY}") for n, t in zip("一二三四", FOUR, strict=True)),
    "with a contents list": "".join(p(f"{t}\t1", style="TOC1") for t in FOUR) + four_parts(),
}


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST.keys())
def test_honest_documents_pass(check: Check, body: str) -> None:
    verdict = check(docx(body))
    assert (verdict.outcome, verdict.kind, codes(verdict)) == (Outcome.PASSED, "docx", [])
    assert [part.code for part in verdict.parts] == ["basics", "process", "results", "innovation"]


COUNTED = {
    "plain": (p("征集"), 2, 2),
    "a text box once": (text_box(p("征集")), 2, 2),
    "insertions": ("<w:p><w:ins><w:r><w:t>征集</w:t></w:r></w:ins></w:p>", 2, 2),
    "deletions not": ("<w:p><w:del><w:r><w:delText>旧</w:delText></w:r></w:del><w:r><w:t>新</w:t></w:r></w:p>", 1, 1),
    "moved text once": (
        "<w:p><w:moveFrom><w:r><w:t>移</w:t></w:r></w:moveFrom></w:p><w:p><w:moveTo><w:r><w:t>移</w:t></w:r></w:moveTo></w:p>",
        1,
        1,
    ),
    "field results, not codes": (
        "<w:p><w:r><w:instrText>PAGE \\* MERGEFORMAT</w:instrText></w:r><w:r><w:t>12</w:t></w:r></w:p>",
        1,
        1,
    ),
    "links": ("<w:p><w:hyperlink><w:r><w:t>平台</w:t></w:r></w:hyperlink></w:p>", 2, 2),
    "a word over two runs": ("<w:p><w:r><w:t>smart</w:t></w:r><w:r><w:t>edu</w:t></w:r></w:p>", 1, 1),
    "cells end a word": (table([("ab", "cd")]), 2, 2),
    "hidden text is uncertain": (
        "<w:p><w:r><w:t>征</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>藏</w:t></w:r></w:p>",
        1,
        2,
    ),
    "formulas are uncertain": ("<w:p><w:r><w:t>征</w:t></w:r><m:oMath><m:r><m:t>x</m:t></m:r></m:oMath></w:p>", 1, 2),
    "ruby bases": (
        "<w:p><w:r><w:ruby><w:rt><w:r><w:t>zhēng</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>征</w:t></w:r></w:rubyBase>"
        "</w:ruby></w:r></w:p>",
        1,
        1,
    ),
}


@pytest.mark.parametrize(("body", "low", "high"), COUNTED.values(), ids=COUNTED.keys())
def test_what_is_counted(check: Check, body: str, low: int, high: int) -> None:
    verdict = check(docx(body))
    assert (verdict.words_low, verdict.words_high) == (low, high)


def test_notes_are_uncertain_and_headers_do_not_count(check: Check) -> None:
    note = f"<w:footnotes {W}><w:footnote w:id='1'>{p('注释')}</w:footnote></w:footnotes>"
    header = f"<w:hdr {W}>{p('页眉文字')}</w:hdr>"
    verdict = check(
        docx(
            p("征集"),
            parts={"word/footnotes.xml": note, "word/header1.xml": header},
            relations=[("footnotes", "footnotes.xml", False), ("header", "header1.xml", False)],
        )
    )
    assert (verdict.words_low, verdict.words_high) == (2, 4)


def test_app_xml_is_never_believed(check: Check) -> None:
    app = "<Properties><Words>99999</Words><Characters>99999</Characters></Properties>"
    assert check(docx(p("征集"), parts={"docProps/app.xml": app})).words_low == 2


def test_3000_pass_and_3001_fail(check: Check) -> None:
    headings = "".join(p(title) + p("文") for title in FOUR)  # 4+5+5+5 and four
    used = sum(map(len, FOUR)) + 4
    exact = check(docx(headings + p("字" * (3000 - used))))
    over = check(docx(headings + p("字" * (3001 - used))))
    assert (exact.outcome, exact.words_low, codes(exact)) == (Outcome.PASSED, 3000, [])
    assert (over.outcome, over.words_low, codes(over), over.unreadable) == (Outcome.FAILED, 3001, ["TOO_LONG"], False)
    assert over.findings[0].message.startswith("文档共3001字，超过3000字的上限，请删减1字以上。")


def test_a_limit_between_the_counts_is_a_remark_that_shows_both(check: Check) -> None:
    headings = "".join(p(title) + p("文") for title in FOUR)
    used = sum(map(len, FOUR)) + 4
    verdict = check(docx(headings + p("字" * (3000 - used - 1) + "…字…")))
    assert verdict.words_low is not None and verdict.words_high is not None
    # each ellipsis makes one word of its own, alone or not, so only the run they stand in differs
    hidden = check(
        docx(headings + p("字" * (3000 - used)) + "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>藏字</w:t></w:r></w:p>")
    )
    assert (hidden.outcome, codes(hidden)) == (Outcome.REMARKS, ["LENGTH_UNCERTAIN"])
    assert hidden.findings[0].message.startswith("文档共3000至3002字，上限为3000字。")


def test_a_missing_part_is_a_question_and_a_remark(check: Check) -> None:
    verdict = check(docx(p("一、基本情况") + p(BODY) + p("二、过程与举措") + p(BODY) + p("三、经验与成效") + p(BODY)))
    assert (verdict.outcome, codes(verdict)) == (Outcome.REMARKS, ["PART_MISSING"])
    assert verdict.findings[0].message.startswith("没有认出“特色与创新”这一部分。文档中写了吗？")


def test_a_document_of_pictures_has_no_text(check: Check) -> None:
    verdict = check(docx("<w:p/>"))
    assert (verdict.outcome, codes(verdict)) == (Outcome.FAILED, ["NO_TEXT"])


def test_a_pdf_as_document_is_refused_with_the_steps(check: Check) -> None:
    verdict = check(b"%PDF-1.4\n", "案例.pdf")
    assert verdict.unreadable
    finding = next(f for f in verdict.findings if f.code is Code.TYPE_NOT_ALLOWED)
    assert finding.severity == "blocked"
    assert "另存为" in finding.message and "手机 WPS" in finding.message and "支撑材料" in finding.message


def test_renamed_files_are_told_both_ways(check: Check) -> None:
    assert codes(check(docx(four_parts()), "照片.jpg", as_="material")) == ["TYPE_MISMATCH"]
    verdict = check(b"\xff\xd8\xff\xe0", "案例.docx")
    assert codes(verdict)[:2] == ["TYPE_NOT_ALLOWED", "TYPE_MISMATCH"]


def test_a_document_as_wps_writes_it_is_a_docx(check: Check) -> None:
    extra = {
        "customXml/item1.xml": "<s:customData xmlns:s='http://www.wps.cn/officeDocument/2013/wpsCustomData'/>",
        "word/": "",
    }
    assert codes(check(docx(four_parts(), parts=extra, compression=zipfile.ZIP_STORED))) == []


HAZARDS = {
    "remote template": (
        docx(four_parts(), relations=[("attachedTemplate", "http://evil.example/t.dotm", True)]),
        "EXTERNAL_REFERENCE",
    ),
    "template on a share": (
        docx(four_parts(), relations=[("attachedTemplate", "\\\\10.0.0.1\\t.dotm", True)]),
        "EXTERNAL_REFERENCE",
    ),
    "template by file share address": (
        docx(four_parts(), relations=[("attachedTemplate", "file://10.0.0.1/t.dotm", True)]),
        "EXTERNAL_REFERENCE",
    ),
    "remote object": (
        docx(four_parts(), relations=[("oleObject", "https://evil.example/o", True)]),
        "EXTERNAL_REFERENCE",
    ),
    "remote frame": (docx(four_parts(), relations=[("frame", "ftp://evil.example/f", True)]), "EXTERNAL_REFERENCE"),
    "DDE": (
        docx(four_parts() + "<w:p><w:r><w:instrText>DDEAUTO c:\\\\cmd.exe</w:instrText></w:r></w:p>"),
        "EXTERNAL_REFERENCE",
    ),
    "DDE over two runs": (
        docx(
            four_parts()
            + "<w:p><w:r><w:instrText>DDE</w:instrText></w:r><w:r><w:instrText>AUTO c:</w:instrText></w:r></w:p>"
        ),
        "EXTERNAL_REFERENCE",
    ),
    "local template": (
        docx(four_parts(), relations=[("attachedTemplate", "file:///C:\\Users\\a\\Normal.dotm", True)]),
        "EXTERNAL_LINK",
    ),
    "linked picture": (docx(four_parts(), relations=[("image", "http://qq.example/1.png", True)]), "EXTERNAL_LINK"),
    "macro": (docx(four_parts(), parts={"word/vbaProject.bin": b"x"}), "MACRO"),
    "embedded program": (
        docx(
            four_parts(),
            parts={"word/embeddings/a.bin": b"MZ\x90"},
            relations=[("oleObject", "embeddings/a.bin", False)],
        ),
        "EMBEDDED_PROGRAM",
    ),
    "embedded pdf": (
        docx(
            four_parts(),
            parts={"word/embeddings/a.bin": b"%PDF-1.4"},
            relations=[("package", "embeddings/a.bin", False)],
        ),
        "EMBEDDED_OBJECT",
    ),
    "embedded document": (
        docx(
            four_parts(),
            parts={"word/embeddings/a.docx": docx(p("x"))},
            relations=[("package", "embeddings/a.docx", False)],
        ),
        "OFFICE_OBJECT",
    ),
    "embedded document with macros": (
        docx(
            four_parts(),
            parts={"word/embeddings/a.docx": docx(p("x"), parts={"word/vbaProject.bin": b"x"})},
            relations=[("package", "embeddings/a.docx", False)],
        ),
        "MACRO",
    ),
    "doctype": (docx("", parts={"word/settings.xml": "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"}), "ENTITY"),
    "doctype in UTF-16": (docx("", parts={"word/settings.xml": "<!DOCTYPE a><a/>".encode("utf-16")}), "ENTITY"),
    "doctype in UTF-16 without mark": (
        docx("", parts={"word/settings.xml": "<!DOCTYPE a><a/>".encode("utf-16-le")}),
        "ENTITY",
    ),
    "doctype in relationships": (docx("", parts={"word/_rels/document.xml.rels": "<!DOCTYPE a><a/>"}), "ENTITY"),
    "laughs": (
        docx(
            "", parts={"word/a.xml": "<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;'><!ENTITY d '&c;&c;'>]><a>&d;</a>"}
        ),
        "BOMB",
    ),
    "broken xml": (docx("<w:p>"), "CORRUPT"),
}


@pytest.mark.parametrize(("content", "code"), HAZARDS.values(), ids=HAZARDS.keys())
def test_hazards_of_a_package(check: Check, content: bytes, code: str) -> None:
    verdict = check(content)
    assert code in codes(verdict)
    mild = code in ("EXTERNAL_LINK", "OFFICE_OBJECT")
    assert verdict.outcome == (Outcome.REMARKS if mild else Outcome.FAILED)


def test_a_doctype_in_an_encoding_of_mainframes_is_refused(check: Check) -> None:
    xml = '<?xml version="1.0" encoding="cp037"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("cp037")
    verdict = check(docx("", parts={"word/document.xml": xml}))
    assert verdict.outcome == Outcome.FAILED
    assert {"ENTITY", "CORRUPT"} & set(codes(verdict))


def test_a_macro_type_is_told_even_without_a_project(check: Check) -> None:
    verdict = check(docx(four_parts(), main_type="application/vnd.ms-word.document.macroEnabled.main+xml"), "案例.docm")
    assert (verdict.kind, set(codes(verdict))) == ("docm", {"TYPE_NOT_ALLOWED", "MACRO"})
    assert DOCX_MAIN not in verdict.kind


def test_an_honest_local_link_is_told_once(check: Check) -> None:
    links = [("image", f"file:///C:\\Users\\a\\{n}.png", True) for n in range(12)]
    verdict = check(docx(four_parts(), relations=links))
    assert codes(verdict) == ["EXTERNAL_LINK"]
    assert "等12处" in verdict.findings[0].message
