"""Looks whether an MP4 has a picture that can be played: one frame must decode."""

from __future__ import annotations

import itertools
from typing import BinaryIO

import av

from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code

_MOST_PACKETS = 400


def read(stream: BinaryIO) -> None:
    """Broken with NO_VIDEO_TRACK, ENCRYPTED, TRUNCATED or CORRUPT; nothing to tell otherwise."""
    head = stream.read(4 * 1024 * 1024)
    stream.seek(0)
    try:
        container = av.open(stream, mode="r", format="mp4", metadata_errors="replace")
    except Exception as error:
        raise Broken(Code.CORRUPT if b"moov" in head else Code.TRUNCATED) from error
    with container:
        videos = [video for video in container.streams.video if not _cover(video)]
        if any(mark in head for mark in (b"encv", b"cenc", b"cbcs")) and b"schm" in head:
            raise Broken(Code.ENCRYPTED, "（DRM）")
        if not container.streams:
            raise Broken(Code.TRUNCATED)
        if not videos:
            raise Broken(Code.NO_VIDEO_TRACK, "（只有声音）" if container.streams.audio else "")
        _decode_one(container, videos[0])


def _cover(video: av.VideoStream) -> bool:
    """A music file's cover counts as a video stream with one attached picture."""
    return bool(video.disposition & av.stream.Disposition.attached_pic)


def _decode_one(container: av.container.InputContainer, video: av.VideoStream) -> None:
    video.codec_context.thread_count = 1  # the sandbox may not start threads
    try:
        for packet in itertools.islice(container.demux(video), _MOST_PACKETS):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame) and frame.width and frame.height:
                    return
    except MemoryError:
        raise
    except Exception as error:
        raise Broken(Code.CORRUPT) from error
    if not video.width or not video.height:
        raise Broken(Code.NO_VIDEO_TRACK)
    raise Broken(Code.TRUNCATED)
