"""Decodes a picture, every frame of it, within a limit of pixels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image, ImageFile

from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code, Sign

FORMATS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "bmp": "BMP", "webp": "WEBP"}
MOST_PIXELS = 64_000_000
MOST_JPEG_PIXELS = 200_000_000  # decoded at an eighth of the size, so that phones' largest pictures fit the memory
MOST_FRAME_PIXELS = 1_000_000_000  # of all frames together
_GPS = 0x8825


def read(stream: BinaryIO, kind: str) -> Iterator[Sign]:
    """Signs of a picture; Broken if it is damaged or too large."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.MAX_IMAGE_PIXELS = MOST_JPEG_PIXELS if kind == "jpg" else MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(stream, formats=[FORMATS[kind]]) as image:
                _decode(image, kind)
                located = kind == "jpg" and bool(image.getexif().get_ifd(_GPS))
        except Broken:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise Broken(Code.PIXEL_LIMIT, f"超过{MOST_PIXELS // 10_000}万像素") from error
        except MemoryError:
            raise
        except EOFError as error:
            raise Broken(Code.TRUNCATED) from error
        except Exception as error:  # Pillow's decoders raise almost anything
            raise Broken(Code.TRUNCATED if "truncated" in str(error) else Code.CORRUPT) from error
    if located:
        yield Sign(code=Code.LOCATION_DATA)


def _decode(image: Image.Image, kind: str) -> None:
    width, height = image.size
    if width * height > (MOST_JPEG_PIXELS if kind == "jpg" else MOST_PIXELS):
        raise Broken(Code.PIXEL_LIMIT, f"{width}×{height}")
    if kind == "jpg" and width * height > MOST_PIXELS // 2:
        image.draft("RGB", (width // 8, height // 8))
    total = 0
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        total += image.size[0] * image.size[1]
        if total > MOST_FRAME_PIXELS:
            raise Broken(Code.PIXEL_LIMIT, "动画的帧过多")
        image.load()
