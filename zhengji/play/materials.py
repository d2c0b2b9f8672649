"""Supporting materials: small true PDFs, pictures, slides and films, and one that is large."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from zhengji.play.documents import zipped

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Paper:
    """A file in a person's hands."""

    name: str
    content: bytes
    kind: str
    """The code of the material's kind in the campaign; empty for documents."""


def some_materials(chance: Random, *, title: str, most: int = 3) -> tuple[Paper, ...]:
    """One to ``most`` files of different types, none like another case's."""
    made = (
        Paper("研修工作通知.pdf", pdf(chance.randint(1, 4), mark=chance.random()), "announcement"),
        Paper("活动现场照片.png", picture(chance), "exchange"),
        Paper("成果汇报.pptx", slides(chance.randint(2, 6), title=title), "exchange"),
        Paper("研修课堂实录.mp4", film(chance.randint(1, 3)) + _free_box(chance), "publicity"),
        Paper("研修管理制度.pdf", pdf(chance.randint(1, 4), mark=chance.random()), "policy"),
    )
    return tuple(chance.sample(made, chance.randint(1, most)))


def pdf(pages: int, *, mark: float = 0.0) -> bytes:
    """A PDF of blank pages."""
    import pikepdf

    with pikepdf.new() as made:
        for _ in range(pages):
            made.add_blank_page(page_size=(595, 842))
        with made.open_metadata() as metadata:
            metadata["dc:description"] = str(mark)
        out = io.BytesIO()
        made.save(out, deterministic_id=True)
        return out.getvalue()


def picture(chance: Random, *, width: int = 640, height: int = 360) -> bytes:
    """A PNG with a few coloured fields."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height), (chance.randint(180, 255), chance.randint(180, 255), 230))
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        left, top = chance.randint(0, width - 80), chance.randint(0, height - 80)
        colour = (chance.randint(0, 255), chance.randint(0, 255), chance.randint(0, 255))
        pen.rectangle((left, top, left + 80, top + 60), fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def large_pdf(size: int) -> bytes:
    """A true PDF of about ``size`` bytes: one page and a stream that does not compress."""
    import pikepdf

    with pikepdf.new() as made:
        made.add_blank_page(page_size=(595, 842))
        made.Root.Scan = made.make_stream(Random(size).randbytes(size))  # noqa: S311  # filler, not a secret
        out = io.BytesIO()
        made.save(out, compress_streams=False)
        return out.getvalue()


def slides(count: int, *, title: str) -> bytes:
    """A PPTX with ``count`` slides."""
    names = [f"slide{number}.xml" for number in range(1, count + 1)]
    parts = [f"/ppt/slides/{name}" for name in names]
    overrides = "".join(f'<Override PartName="{part}" ContentType="{_PPT}.slide+xml"/>' for part in parts)
    targets = "".join(_relation(at, "slide", f"slides/{name}") for at, name in enumerate(names, 1))
    ids = "".join(f'<p:sldId id="{255 + at}" r:id="rId{at}"/>' for at in range(1, count + 1))
    text = f"<p:txBody><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:txBody>"
    slide = f"<p:sld {_P} {_A}><p:cSld><p:spTree><p:sp>{text}</p:sp></p:spTree></p:cSld></p:sld>"
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/ppt/presentation.xml" ContentType="{_PPT}.presentation.main+xml"/>{overrides}</Types>'
    )
    return zipped(
        [
            ("[Content_Types].xml", types),
            ("_rels/.rels", _relations(_relation(1, "officeDocument", "ppt/presentation.xml"))),
            ("ppt/presentation.xml", f"<p:presentation {_P} {_R}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>"),
            ("ppt/_rels/presentation.xml.rels", _relations(targets)),
            *((f"ppt/slides/{name}", slide) for name in names),
        ]
    )


_PPT = "application/vnd.openxmlformats-officedocument.presentationml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
_R = f'xmlns:r="{_OFFICE}"'


def _relation(at: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{at}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations(inner: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


@cache
def film(seconds: int, *, width: int = 160, height: int = 96) -> bytes:
    """An MP4 that plays."""
    import av
    import numpy as np

    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        with av.open(file.name, "w") as container:
            stream = container.add_stream("mpeg4", rate=5)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(seconds * 5):
                pixels = np.full((height, width, 3), number * 9 % 256, dtype=np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
        return Path(file.name).read_bytes()


def _free_box(chance: Random) -> bytes:
    """A box that players skip, so that no two films have the same hash."""
    return (24).to_bytes(4, "big") + b"free" + chance.randbytes(16)
