"""Uploads straight to the store: parts, sizes, room, going on after a break; every breach has its exact words."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from services.intake.app import App
from services.intake.domain.files import MB, PART_BYTES, Announced
from services.intake.handlers import uploads
from shared.clock import FixedClock
from shared.trouble import Refused
from tests.intake.conftest import NOON, Browser
from tests.intake.test_path import open_case

http = urllib3.PoolManager()


def announce(content: bytes, **fields: Any) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {
        "role": "material",
        "name": "研修实录.mp4",
        "kind": "exchange",
        "size": len(content),
        "sha256": digest,
        **fields,
    }


def send(author: Browser, uploads: str, upload: dict[str, Any], content: bytes) -> None:
    """Send every part to where the signed addresses say."""
    path = f"{uploads}/{upload['upload_id']}/parts"
    urls = author.api("POST", path, {"numbers": list(range(1, upload["parts"] + 1))}).get_json()["urls"]
    for number, url in urls.items():
        start = (int(number) - 1) * PART_BYTES
        assert http.request("PUT", url, body=content[start : start + PART_BYTES]).status == 200


@pytest.fixture
def path(author: Browser) -> str:
    """The uploads of a fresh case."""
    case = open_case(author)
    author.open(case)
    return f"/api/intake{case}/uploads"


def files(app: App, path: str) -> list[tuple[str, int]]:
    case = app.cases.get(path.split("/")[4])
    return [(file.name, file.size) for file in case.present_files]


def test_a_file_in_parts_arrives_whole(author: Browser, app: App, path: str) -> None:
    content = b"a" * PART_BYTES + b"the rest"
    upload = author.api("POST", path, announce(content)).get_json()
    assert (upload["parts"], upload["part_size"]) == (2, PART_BYTES)
    send(author, path, upload, content)

    done = author.api("POST", f"{path}/{upload['upload_id']}/complete")
    again = author.api("POST", f"{path}/{upload['upload_id']}/complete")

    assert done.status_code == 200
    assert again.get_json() == done.get_json()
    assert files(app, path) == [("研修实录.mp4", len(content))]
    case = app.cases.get(path.split("/")[4])
    assert b"".join(app.objects.chunks(case.files[0].object_key)) == content
    row = app.database.collection("cases").find_one({"_id": case.id})
    assert row is not None
    assert [entry["data"]["file"]["sha256"] for entry in row["outbox"]] == [hashlib.sha256(content).hexdigest()]


def test_a_broken_upload_goes_on_where_it_stopped(author: Browser, path: str) -> None:
    content = b"b" * PART_BYTES + b"the rest"
    upload = author.api("POST", path, announce(content, command="command-1")).get_json()
    one = f"{path}/{upload['upload_id']}"
    url = author.api("POST", f"{one}/parts", {"numbers": [1]}).get_json()["urls"]["1"]
    http.request("PUT", url, body=content[:PART_BYTES])

    early = author.api("POST", f"{one}/complete")
    assert early.status_code == 409
    assert early.get_json()["detail"] == "“研修实录.mp4”还有1个分片未传完（从第2个起），请继续上传。"

    assert author.api("POST", path, announce(content, command="command-1")).get_json() == upload
    assert [each["upload_id"] for each in author.api("GET", path).get_json()["uploads"]] == [upload["upload_id"]]
    assert author.api("GET", one).get_json() == {"parts": [{"number": 1, "size": PART_BYTES}]}
    url = author.api("POST", f"{one}/parts", {"numbers": [2]}).get_json()["urls"]["2"]
    http.request("PUT", url, body=content[PART_BYTES:])
    assert author.api("POST", f"{one}/complete").status_code == 200


def test_more_bytes_than_announced_are_thrown_away(author: Browser, app: App, path: str) -> None:
    upload = author.api("POST", path, announce(b"small")).get_json()
    url = author.api("POST", f"{path}/{upload['upload_id']}/parts", {"numbers": [1]}).get_json()["urls"]["1"]
    http.request("PUT", url, body=b"c" * (2 * MB))

    refused = author.api("POST", f"{path}/{upload['upload_id']}/complete")

    assert refused.status_code == 409
    assert refused.get_json()["detail"] == (
        "“研修实录.mp4”收到2097152字节，登记的是5字节，已取消。请重新选择文件上传。"
    )
    assert files(app, path) == []
    assert author.api("GET", path).get_json()["uploads"] == []


def test_a_cancelled_upload_frees_its_room(author: Browser, path: str) -> None:
    big = announce(b"", size=100 * MB, sha256="0" * 64)
    upload = author.api("POST", path, big).get_json()
    assert author.api("POST", path, big).status_code == 422
    assert author.api("DELETE", f"{path}/{upload['upload_id']}").status_code == 204
    assert author.api("DELETE", f"{path}/{upload['upload_id']}").status_code == 204
    assert author.api("POST", path, big).status_code == 201


def test_room_that_nobody_used_is_free_after_a_day(author: Browser, app: App, path: str, clock: FixedClock) -> None:
    big = announce(b"", size=100 * MB, sha256="0" * 64)
    first = author.api("POST", path, big).get_json()
    clock.advance(timedelta(hours=24))
    gone = author.api("POST", f"{path}/{first['upload_id']}/complete")
    assert gone.status_code == 401  # the session is over as well
    assert uploads.sweep_uploads(app) == 1
    assert app.cases.get(path.split("/")[4]).uploads == ()
    assert uploads.sweep_uploads(app) == 0


def test_eight_at_once_never_reserve_more_than_the_limit(author: Browser, app: App, path: str) -> None:
    case_id = path.split("/")[4]
    account_id = app.cases.get(case_id).account_id
    together = threading.Barrier(8)

    def reserve(number: int) -> str:
        announced = Announced(role="material", name=f"{number}.pdf", kind="other", size=30 * MB, sha256="0" * 64)
        command = uploads.StartUpload(
            case_id=case_id,
            account_id=account_id,
            announced=announced,
            received_at=NOON,
            command=f"parallel-{number}",
        )
        together.wait()
        try:
            return uploads.start_upload(app, command).upload_id
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(reserve, range(8)))

    assert answers.count("materials-too-big") == 5
    assert sum(upload.announced.size for upload in app.cases.get(case_id).uploads) == 90 * MB


ALLOWED = ".pptx、.ppt、.pps、.pdf、.jpg、.jpeg、.png、.gif、.bmp、.webp、.mp4、.m4v、.docx、.doc、.wps、.xlsx、.xls"
START_BREACHES = [
    (
        {"size": 101 * MB},
        "“研修实录.mp4”为101 MB，支撑材料总大小不超过100 MB，已用0 MB，还可上传100 MB。"
        "请压缩后再传，或先删除不需要的材料。",
    ),
    (
        {"size": 100 * MB + 1},
        "“研修实录.mp4”为100.1 MB，支撑材料总大小不超过100 MB，已用0 MB，还可上传100 MB。"
        "请压缩后再传，或先删除不需要的材料。",
    ),
    ({"size": 0}, "“研修实录.mp4”是空文件（0字节），请检查后重新选择。"),
    (
        {"name": "程序.exe"},
        f"“程序.exe”的格式不能作为支撑材料。可以上传：{ALLOWED}。请转换格式后重新选择。",
    ),
    ({"name": "没有扩展名"}, "文件名缺少扩展名，请把文件命名为“名称.扩展名”后重新选择。"),
    (
        {"kind": "film"},
        "请选择“研修实录.mp4”的材料类别：通知文件、制度文档、研究交流、宣传报道、其他。",
    ),
    (
        {"role": "document", "name": "案例.pdf"},
        "案例介绍文档须为Word格式（.docx），PDF不能作为案例介绍文档。"
        "Word：文件→另存为→“Word文档（.docx）”；WPS：文件→另存为→“Microsoft Word文件（.docx）”；"
        "WPS手机版：工具→文件→另存为→选择.docx。已填写的内容都在；这份PDF可以作为支撑材料上传。",
    ),
    (
        {"role": "document", "name": "案例.docx", "size": 20 * MB + 1},
        "“案例.docx”为20.1 MB，案例介绍文档不超过20 MB。请压缩文档中的图片后重新上传。",
    ),
    ({"replaces": "nothing"}, "没有找到这个文件，可能已被删除或替换。请刷新页面。"),
]


@pytest.mark.parametrize(("fields", "detail"), START_BREACHES)
def test_start_says_what_is_wrong(author: Browser, path: str, fields: dict[str, Any], detail: str) -> None:
    refused = author.api("POST", path, announce(b"x", **fields))
    assert refused.status_code in {404, 422}
    assert refused.content_type == "application/problem+json"
    assert refused.get_json()["detail"] == detail


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], [{"field": "", "detail": "应为 JSON 对象。"}]),
        (
            {"role": "material"},
            [{"field": name, "detail": "缺少这一项。"} for name in ("name", "size", "sha256")],
        ),
        (announce(b"x", sha256="zz"), [{"field": "sha256", "detail": "格式不正确。"}]),
        (announce(b"x", role="film"), [{"field": "role", "detail": "不在可选范围内。"}]),
        (announce(b"x", size="big"), [{"field": "size", "detail": "应为整数。"}]),
        (announce(b"x", owner="me"), [{"field": "owner", "detail": "不认识这一项，请删除。"}]),
    ],
)
def test_start_names_each_field_that_does_not_fit(
    author: Browser, path: str, body: Any, errors: list[dict[str, str]]
) -> None:
    refused = author.api("POST", path, body)
    assert refused.status_code == 422
    assert refused.get_json()["errors"] == errors


@pytest.mark.parametrize(
    ("method", "ending", "body", "status", "detail"),
    [
        ("POST", "/parts", {"numbers": [2]}, 422, "这次上传共1个分片，没有第2个。请刷新页面后继续。"),
        ("POST", "/parts", {"numbers": [0]}, 422, "这次上传共1个分片，没有第0个。请刷新页面后继续。"),
        ("POST", "/parts", {"numbers": []}, 422, "请按提示修改后重新提交。"),
        ("POST", "/parts", {}, 422, "请按提示修改后重新提交。"),
        ("POST", "/complete", None, 409, "“研修实录.mp4”还有1个分片未传完（从第1个起），请继续上传。"),
        ("PUT", "/parts", {}, 405, "请返回上一页，按页面上的按钮操作。"),
    ],
)
def test_calls_on_an_upload_say_what_is_wrong(
    author: Browser, path: str, method: str, ending: str, body: Any, status: int, detail: str
) -> None:
    upload = author.api("POST", path, announce(b"x")).get_json()
    refused = author.api(method, f"{path}/{upload['upload_id']}{ending}", body)
    assert (refused.status_code, refused.get_json()["detail"]) == (status, detail)


@pytest.mark.parametrize(
    ("method", "ending", "body"),
    [("POST", "/parts", {"numbers": [1]}), ("POST", "/complete", None), ("GET", "", None)],
)
def test_an_upload_that_is_not_there(author: Browser, path: str, method: str, ending: str, body: Any) -> None:
    refused = author.api(method, f"{path}/no-such-upload{ending}", body)
    assert (refused.status_code, refused.get_json()["detail"]) == (
        404,
        "没有找到这次上传，可能已取消或过期。请重新选择文件。",
    )


def test_nothing_is_taken_after_the_window(author: Browser, path: str, app: App) -> None:
    closes = app.campaigns.current().windows.submission.closes
    refused = author.api("POST", path, announce(b"x"), received_at=closes)
    assert (refused.status_code, refused.get_json()["detail"]) == (
        409,
        "报送已于北京时间2024年10月15日23:59:59截止，这次的改动没有保存。截止前已保存的内容仍可查看。",
    )
