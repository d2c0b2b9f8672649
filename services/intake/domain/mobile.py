"""A mainland mobile number, which identifies an account: one spelling for all the ways people write it."""

from __future__ import annotations

import re
import unicodedata

from shared.trouble import Refused

_WRITTEN = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")


def is_mobile(written: str) -> bool:
    """Whether it is a mainland mobile, however it is written."""
    try:
        normal_mobile(written)
    except Refused:
        return False
    return True


def normal_mobile(written: str, *, field: str | None = "mobile") -> str:
    """Eleven digits: 138 0000-1234, +86 13800001234 and １３８… are all 13800001234. Refused when it is none."""
    bare = re.sub(r"[\s\-－—()（）]", "", unicodedata.normalize("NFKC", written))
    match = _WRITTEN.fullmatch(bare)
    if match is None:
        raise Refused("mobile-wrong", "手机号应为11位数字，例如13800001234。请核对后重新填写。", field=field)
    return match[1]
