"""The sentences of findings: what was found and what to do, in plain Chinese; `{what}` is the sign's detail."""

from __future__ import annotations

from collections.abc import Mapping

from services.validation.domain.findings import Code, Finding, Sign
from shared.campaign.parts import Severity

WORDS: Mapping[Code, str] = {
    Code.UNREADABLE: "文件无法读取（{what}）。请在原软件中打开确认无误，另存为新文件后重新上传。",
    Code.CORRUPT: "文件已损坏，无法正常打开{what}。请在原软件中另存一份，能正常打开后再重新上传。",
    Code.TRUNCATED: "文件不完整，内容在中途结束{what}。请重新导出或重新拷贝原文件后再上传。",
    Code.DAMAGED: "文件结构有缺损，已修复读取。建议在原软件中另存一份后替换，以免他人打不开。",
    Code.EMPTY_FILE: "文件是空的，没有任何内容。请检查原文件后重新上传。",
    Code.HASH_MISMATCH: "收到的文件与您电脑上的文件不一致，可能在传输中出错。请重新上传这个文件。",
    Code.ENCRYPTED: "文件设有打开密码或权限保护{what}，无法查看。请取消密码保护后另存，再重新上传。",
    Code.EDIT_PROTECTED: "文件可以打开，但限制了复制或打印。建议取消限制后替换。",
    Code.TYPE_NOT_ALLOWED: "文件的真实类型是{what}，不在可上传的范围内。",
    Code.TYPE_MISMATCH: "文件名与内容不一致：{what}。请在原软件中用“另存为”选择正确的类型后重新上传。",
    Code.NAME_DIFFERS: "图片的扩展名与内容不一致：{what}。不影响使用，可以不改。",
    Code.UNSUPPORTED_OLD: "文件由 Word 95 或更早的版本保存，无法读取。请用 Word 或 WPS 打开，另存为 .docx 后重新上传。",
    Code.MACRO: "文件含有宏（VBA 程序）{what}。请另存为不含宏的 .docx、.xlsx 或 .pptx 后重新上传。",
    Code.ACTIVE_CONTENT: "文件含有会自动运行的内容：{what}。请用“打印为 PDF”重新导出后再上传。",
    Code.EMBEDDED_PROGRAM: "文件内嵌了程序、脚本或快捷方式：{what}。请删除后重新上传。",
    Code.EMBEDDED_OBJECT: "文件内嵌了其他文件：{what}。请删除内嵌的文件，把它作为支撑材料单独上传。",
    Code.OFFICE_OBJECT: "文件含有公式或内嵌表格等对象：{what}。不影响报送，请确认对象中没有不宜公开的内容。",
    Code.EXTERNAL_REFERENCE: "打开文件时会从别处读取内容：{what}。请断开链接或删除该内容后重新上传。",
    Code.EXTERNAL_LINK: "文件中有链接到本机或网上的图片、模板：{what}。他人打开时可能显示不出来，建议改为直接插入。",
    Code.ARCHIVE_HAZARD: "文件内部结构异常：{what}。请在 Word、WPS 或 PowerPoint 中打开后另存，再重新上传。",
    Code.ENTITY: "文件内部含有不允许的声明（DOCTYPE）{what}。请在 Word 或 WPS 中打开后另存，再重新上传。",
    Code.BOMB: "文件展开后的内容异常庞大：{what}。请压缩或拆分后重新上传。",
    Code.VIRUS: "文件含有病毒（{what}），已隔离。请在杀毒后的电脑上重新制作文件。",
    Code.NOT_SCANNED: "尚未进行病毒扫描。",
    Code.PIXEL_LIMIT: "图片的像素过多：{what}。请缩小尺寸后重新上传。",
    Code.NO_VIDEO_TRACK: "视频中没有可以播放的画面{what}。请重新导出为 MP4（H.264）后上传。",
    Code.LOCATION_DATA: "图片中带有拍摄地点的信息。公开展示前会自动去除，您不需要处理。",
    Code.TOO_LONG: "{what}",
    Code.LENGTH_UNCERTAIN: "{what}",
    Code.NO_TEXT: "文档中没有读到文字。如果内容是图片，请改为文字后重新上传。",
    Code.PART_MISSING: "没有认出“{what}”这一部分。文档中写了吗？如果写了，请给它加上同名的小标题；这不影响报送。",
    Code.PART_EMPTY: "“{what}”的标题下面没有正文。请补充内容，或确认标题的位置。",
    Code.TOO_MANY_AUTHORS: "作者最多{what}人。请减少作者。",
    Code.AUTHOR_TWICE: "作者“{what}”填写了两次。请删去重复的一位。",
    Code.SUMMARY_TOO_LONG: "{what}",
    Code.HOST_MISSING: "工作室案例的作者中须有工作室主持人。请在作者信息中标明主持人。",
    Code.SCHOOL_NEEDED: "校本研修应用案例的作者单位应为中小学或幼儿园，请核对单位类型。",
    Code.STUDIO_CONTRIBUTION_LOW: "工作室贡献值为{what}，请核对填写是否正确。",
    Code.STUDIO_LIVE_LOW: "工作室直播次数为{what}，请核对填写是否正确。",
    Code.SIGNATURE_MISSING: "作者“{what}”尚未签名或确认。不影响报送，推荐截止前须补齐。",
    Code.DOCUMENT_ABSENT: "缺少案例介绍文档。请上传一份 Word 文档。",
    Code.MATERIAL_ABSENT: "缺少支撑材料。请至少上传一份并命名。",
    Code.PERSON_IN_TWO_CATEGORIES: "作者“{what}”同时是另一类别案例的作者。每人只能参与其中一类，请在推荐前确定。",
}

SAVE_AS_DOCX = (
    "案例介绍文档须以 Word 格式上传。另存为 .docx 的方法："
    "Word：文件 → 另存为 → 保存类型选“Word 文档（*.docx）”；"
    "WPS：文件 → 另存为 → 文件类型选“Microsoft Word 文件（*.docx）”；"
    "手机 WPS：工具 → 文件 → 另存为 → 选 .docx。"
)
PDF_AS_DOCUMENT = "上传的是 PDF。" + SAVE_AS_DOCX + "这份 PDF 可以作为支撑材料上传；已填写的内容都已保存。"
ALLOWED_MATERIALS = "支撑材料可以上传 PPT、图片（JPG、PNG、GIF、BMP、WebP）、PDF、MP4 视频、Word 和 Excel 文件。"
ALLOWED_SHEETS = "签名的案例信息表请上传扫描的 PDF、图片（JPG、PNG）或 Word 文件。"

TYPE_NAMES: Mapping[str, str] = {
    "docx": "Word 文档（.docx）",
    "doc": "Word 97-2003 文档（.doc）",
    "wps": "WPS 文字（.wps）",
    "works": "Microsoft Works 文档（.wps，不是金山 WPS）",
    "word95": "Word 95 或更早的文档",
    "docm": "启用宏的 Word 文档（.docm）",
    "dotx": "Word 模板（.dotx）",
    "dotm": "启用宏的 Word 模板（.dotm）",
    "xlsx": "Excel 工作簿（.xlsx）",
    "xls": "Excel 97-2003 工作簿（.xls）",
    "xlsm": "启用宏的 Excel 工作簿（.xlsm）",
    "xlsb": "Excel 二进制工作簿（.xlsb）",
    "xltx": "Excel 模板（.xltx）",
    "pptx": "PowerPoint 演示文稿（.pptx）",
    "ppt": "PowerPoint 97-2003 演示文稿（.ppt）",
    "ppsx": "PowerPoint 放映（.ppsx）",
    "pptm": "启用宏的 PowerPoint 演示文稿（.pptm）",
    "ppsm": "启用宏的 PowerPoint 放映（.ppsm）",
    "potx": "PowerPoint 模板（.potx）",
    "encrypted-office": "加密的 Office 文件",
    "ole": "旧版 Office 复合文件",
    "ooxml": "无法辨认的 Office 文件",
    "pdf": "PDF",
    "jpg": "JPG 图片",
    "png": "PNG 图片",
    "gif": "GIF 图片",
    "bmp": "BMP 图片",
    "webp": "WebP 图片",
    "tiff": "TIFF 图片",
    "heic": "HEIC 图片（苹果手机照片，请导出为 JPG）",
    "avif": "AVIF 图片（请导出为 JPG）",
    "ico": "图标文件",
    "psd": "Photoshop 图片",
    "svg": "SVG 图片",
    "mp4": "MP4 视频",
    "m4a": "M4A 音频",
    "mov": "QuickTime 视频（.mov，请转为 MP4）",
    "mkv": "MKV 视频（请转为 MP4）",
    "avi": "AVI 视频（请转为 MP4）",
    "wmv": "WMV 视频（请转为 MP4）",
    "flv": "FLV 视频（请转为 MP4）",
    "mp3": "MP3 音频",
    "wav": "WAV 音频",
    "zip": "ZIP 压缩包（请解压后逐个上传）",
    "rar": "RAR 压缩包（请解压后逐个上传）",
    "7z": "7z 压缩包（请解压后逐个上传）",
    "gz": "GZ 压缩包（请解压后逐个上传）",
    "odt": "OpenDocument 文档",
    "ods": "OpenDocument 表格",
    "odp": "OpenDocument 演示文稿",
    "ofd": "OFD 版式文件（请导出为 PDF）",
    "epub": "EPUB 电子书",
    "rtf": "RTF 文档",
    "html": "网页（HTML）",
    "mht": "网页存档（MHT）",
    "xml": "XML 文件",
    "exe": "可执行程序",
    "lnk": "快捷方式",
    "txt": "纯文本",
    "empty": "空文件",
    "unknown": "无法识别的类型",
}


def type_name(kind: str) -> str:
    """The name of a true type as a teacher knows it."""
    return TYPE_NAMES.get(kind, kind)


def said(sign: Sign, severity: Severity) -> Finding:
    """A sign put into words and weighed."""
    return Finding(code=sign.code, severity=severity, message=WORDS[sign.code].format(what=sign.what), place=sign.place)
