"""Parses one XML part of an Office package: no DOCTYPE, no entities, no network."""

from __future__ import annotations

import re

from lxml import etree

from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code

_NESTED_ENTITY = re.compile(rb"<!ENTITY\s[^>]*?[\"'][^\"'>]*&", re.IGNORECASE)


def refuse_doctype(data: bytes, place: str) -> None:
    """Refuse a DOCTYPE in any encoding before a parser sees it; entities made of entities are a bomb."""
    flat = data.replace(b"\0", b"") if b"\0" in data[:4096] or data[:2] in (b"\xff\xfe", b"\xfe\xff") else data
    if b"<!DOCTYPE" in flat or b"<!doctype" in flat or b"<!ENTITY" in flat:
        if len(_NESTED_ENTITY.findall(flat[:1_000_000])) >= 2:
            raise Broken(Code.BOMB, "内部声明层层展开", place)
        raise Broken(Code.ENTITY, "", place)


def parse(data: bytes, place: str) -> etree._Element:
    """The root of a part; Broken with CORRUPT if it is not well-formed, ENTITY if it declares anything."""
    refuse_doctype(data, place)
    # Another library may replace the global parser, so ours is made here each time.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Broken(Code.CORRUPT, "", place) from error
    if root is None:
        raise Broken(Code.CORRUPT, "", place)
    if etree.ElementTree(root).docinfo.internalDTD is not None:  # an encoding the byte search did not foresee
        raise Broken(Code.ENTITY, "", place)
    return root
