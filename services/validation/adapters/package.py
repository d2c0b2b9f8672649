"""An Office Open XML package: content types, relationships, main part, and the hazards any package can carry."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from services.validation.adapters import embedded
from services.validation.adapters.archive import Archive
from services.validation.adapters.broken import Broken
from services.validation.adapters.xml_parts import parse, refuse_doctype
from services.validation.domain.findings import Code, Sign

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml."
MAIN_TYPES: Mapping[str, str] = {
    _WORD + "document.main+xml": "docx",
    _WORD + "template.main+xml": "dotx",
    "application/vnd.ms-word.document.macroEnabled.main+xml": "docm",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml": "dotm",
    _SHEET + "sheet.main+xml": "xlsx",
    _SHEET + "template.main+xml": "xltx",
    "application/vnd.ms-excel.sheet.macroEnabled.main+xml": "xlsm",
    "application/vnd.ms-excel.template.macroEnabled.main+xml": "xlsm",
    "application/vnd.ms-excel.sheet.binary.macroEnabled.main": "xlsb",
    _SLIDES + "presentation.main+xml": "pptx",
    _SLIDES + "slideshow.main+xml": "ppsx",
    _SLIDES + "template.main+xml": "potx",
    "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml": "pptm",
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml": "ppsm",
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml": "pptm",
}
_LOWER_TYPES = {name.lower(): kind for name, kind in MAIN_TYPES.items()}
MACRO_KINDS = frozenset({"docm", "dotm", "xlsm", "pptm", "ppsm"})
_REMOTE = re.compile(r"^(?:https?|ftps?|file://[^/\\]|mhtml|ms-[a-z]+|\\\\|//)", re.IGNORECASE)
# Relationships that make Office fetch and run with what they point to, the moment the file is opened.
_FETCHING = frozenset(
    {"attachedTemplate", "oleObject", "frame", "subDocument", "package", "control", "externalLinkPath", "aFChunk"}
)
_HARMLESS = frozenset({"hyperlink"})


@dataclass(frozen=True, kw_only=True)
class Relation:
    """One relationship of a part; `kind` is the last word of its type."""

    id: str
    kind: str
    target: str
    external: bool
    source: str  # the part it belongs to, "" for the package


class Package:
    """An opened package. Raises Broken where its structure cannot be followed."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._names = {name.casefold(): name for name in archive.names()}
        self.types = self._read_types()
        self.main, self.kind = self._find_main()

    def part(self, name: str) -> str | None:
        """The entry that holds a part; part names know no upper and lower case."""
        return self._names.get(name.lstrip("/").casefold())

    def type_of(self, name: str) -> str:
        """The declared content type of a part, or an empty string."""
        overrides, defaults = self.types
        extension = name.rsplit(".", 1)[-1].casefold()
        return overrides.get(name.casefold(), defaults.get(extension, ""))

    def relations(self, part: str) -> tuple[Relation, ...]:
        """The relationships of a part; none if it has none."""
        folder, file = posixpath.split(part)
        entry = self.part(posixpath.join(folder, "_rels", f"{file}.rels"))
        if entry is None:
            return ()
        return tuple(_relations(self.archive.read(entry), part, entry))

    def all_relations(self) -> Iterator[Relation]:
        """Every relationship of every part."""
        for entry in self.archive.names():
            folder, file = posixpath.split(entry)
            if file.casefold().endswith(".rels") and posixpath.basename(folder).casefold() == "_rels":
                source = posixpath.join(posixpath.dirname(folder), file[:-5])
                yield from _relations(self.archive.read(entry), source, entry)

    def xml_names(self) -> Iterator[str]:
        """Parts that Office would hand to its XML parser."""
        for name in self.archive.names():
            type_ = self.type_of(name).lower()
            extension = name.rsplit(".", 1)[-1].casefold()
            if extension in ("xml", "rels", "vml", "svg") or type_.endswith(("+xml", "/xml")):
                yield name

    def _read_types(self) -> tuple[dict[str, str], dict[str, str]]:
        entry = self.part("[Content_Types].xml")
        if entry is None:
            raise Broken(Code.CORRUPT, "（缺少[Content_Types].xml）")
        overrides: dict[str, str] = {}
        defaults: dict[str, str] = {}
        for element in parse(self.archive.read(entry), entry):
            kind, type_ = _local(element.tag), element.get("ContentType", "")
            if kind == "Override":
                overrides[element.get("PartName", "").lstrip("/").casefold()] = type_
            elif kind == "Default":
                defaults[element.get("Extension", "").casefold()] = type_
        return overrides, defaults

    def _find_main(self) -> tuple[str, str]:
        for relation in self.relations(""):
            if relation.kind == "officeDocument" and not relation.external:
                name = self.part(relation.target)
                if name is None:
                    raise Broken(Code.CORRUPT, f"（缺少{relation.target}）")
                return name, _LOWER_TYPES.get(self.type_of(name).lower(), "ooxml")
        return "", "ooxml"


def kind_by_declaration(archive: Archive) -> str:
    """What a refused package says it is; the bytes of its content types are searched, not parsed."""
    try:
        data = archive.read("[Content_Types].xml")
    except Broken:
        return "ooxml"
    return next((kind for name, kind in MAIN_TYPES.items() if f'"{name}"'.encode() in data), "ooxml")


def hazards(package: Package) -> Iterator[Sign]:
    """Macros, embedded files and outside references, whatever the kind of package. Reads every entry to its end."""
    for name in package.xml_names():
        _check_xml_bytes(package, name)
    yield from _macros(package)
    yield from _outside(package)
    yield from _inside(package)
    package.archive.check_whole()


def _check_xml_bytes(package: Package, name: str) -> None:
    if package.archive.size(name) == 0:
        return
    if name.casefold().endswith(".svg"):  # drawing programs write a harmless DOCTYPE, and nobody parses these
        if b"<!ENTITY" in package.archive.read(name).replace(b"\0", b""):
            raise Broken(Code.ENTITY, "", name)
        return
    refuse_doctype(package.archive.read(name, most=200 * 1024 * 1024), name)


def _macros(package: Package) -> Iterator[Sign]:
    for name in package.archive.names():
        lowered, type_ = name.casefold(), package.type_of(name)
        if "vbaproject" in lowered.rsplit("/", 1)[-1] or "vbaProject" in type_:
            yield Sign(code=Code.MACRO, place=name)
            return
    if package.kind in MACRO_KINDS:
        yield Sign(code=Code.MACRO, what="（文件类型允许运行宏）")


def _outside(package: Package) -> Iterator[Sign]:
    links: list[str] = []
    for relation in package.all_relations():
        if not relation.external or relation.kind in _HARMLESS:
            continue
        remote = _REMOTE.match(relation.target.strip()) is not None
        if relation.kind in _FETCHING and remote:
            yield Sign(code=Code.EXTERNAL_REFERENCE, what=_shown(relation), place=relation.source)
        else:
            links.append(_shown(relation))
    if links:
        more = f"等{len(links)}处" if len(links) > 1 else ""
        yield Sign(code=Code.EXTERNAL_LINK, what=links[0] + more)


def _inside(package: Package) -> Iterator[Sign]:
    charts = {r.source for r in package.all_relations() if r.kind == "package" and "/charts/" in f"/{r.source}"}
    for relation in package.all_relations():
        if relation.external or relation.kind not in ("oleObject", "package", "control", "aFChunk"):
            continue
        name = package.part(relation.target)
        if name is None:
            continue
        if relation.kind == "aFChunk":
            yield Sign(code=Code.EMBEDDED_OBJECT, what="以网页或其他文档插入的内容", place=name)
        elif relation.kind == "control":
            yield from embedded.control(package.type_of(name), name)
        elif relation.source not in charts:
            yield from embedded.judge(package.archive.read(name, most=150 * 1024 * 1024), name)


def _relations(data: bytes, source: str, entry: str) -> Iterator[Relation]:
    for element in parse(data, entry):
        if _local(element.tag) != "Relationship":
            continue
        target = element.get("Target", "")
        external = element.get("TargetMode", "").casefold() == "external"
        if not external:
            path = unquote(target.split("#")[0])
            base = "" if path.startswith("/") else posixpath.dirname(source)
            target = posixpath.normpath(posixpath.join(base, path.lstrip("/")))
        kind = element.get("Type", "").rsplit("/", 1)[-1]
        yield Relation(id=element.get("Id", ""), kind=kind, target=target, external=external, source=source)


def _local(tag: object) -> str:
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def _shown(relation: Relation) -> str:
    words = {"attachedTemplate": "模板", "image": "图片", "oleObject": "对象", "frame": "框架", "subDocument": "子文档"}
    return f"{words.get(relation.kind, '链接')} {relation.target[:80]}"


def check_parts(package: Package, folder: str) -> None:
    """Parse the main part and what it shows (slides, sheets): a broken one is CORRUPT."""
    parse(package.archive.read(package.main), package.main)
    for relation in package.relations(package.main):
        if relation.external or relation.kind not in ("slide", "worksheet", "slideMaster", "theme", "styles"):
            continue
        name = package.part(relation.target)
        if name is None:
            raise Broken(Code.CORRUPT, f"（缺少{relation.target}）")
        if name.startswith(folder) and package.archive.size(name) < 32 * 1024 * 1024:
            parse(package.archive.read(name), name)
