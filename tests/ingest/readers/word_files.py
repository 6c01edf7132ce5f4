"""Word files that tests write: a body of WordprocessingML as a package, and a text as a document
whose numbers are automatic."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NAMES = (
    f'xmlns:w="{W}" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATED = "http://schemas.openxmlformats.org/package/2006/relationships"
_DIGITS = "一二三四五六七八九"
_MARKERS = (
    re.compile(rf"(?P<number>[{_DIGITS}十]{{1,3}})、"),
    re.compile(rf"[(（](?P<number>[{_DIGITS}十]{{1,3}})[)）]"),
    re.compile(r"(?P<number>\d{1,2})\.(?=\D)"),
)
NUMBERING = """<w:abstractNum w:abstractNumId="1">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCountingThousand"/>
<w:suff w:val="nothing"/><w:lvlText w:val="%1、"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/>
<w:suff w:val="nothing"/><w:lvlText w:val="(%2)"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%3."/></w:lvl>
</w:abstractNum>"""


def run(words: str, properties: str = "") -> str:
    """A run of words, with what stands in its `w:rPr`."""
    told = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{told}<w:t xml:space="preserve">{escape(words)}</w:t></w:r>'


def paragraph(words: str = "", properties: str = "", content: str = "") -> str:
    """A paragraph of words, with what stands in its `w:pPr`, and runs after them."""
    told = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    return f"<w:p>{told}{run(words) if words else ''}{content}</w:p>"


def numbered(words: str, list_: int = 1, level: int = 0, content: str = "") -> str:
    """A paragraph of a list."""
    told = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_}"/></w:numPr>'
    return paragraph(words, told, content)


def cell(content: str, properties: str = "") -> str:
    """A cell that holds paragraphs."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table of cells; a string that is no element becomes a cell of one paragraph."""
    told = [[c if c.startswith("<w:tc>") else cell(paragraph(c)) for c in row] for row in rows]
    return f"<w:tbl>{''.join('<w:tr>' + ''.join(row) + '</w:tr>' for row in told)}</w:tbl>"


def docx(body: str, parts: Mapping[str, str] | None = None) -> bytes:
    """A package: `body` is what stands in `w:body`; `parts` maps kinds of relationships (numbering,
    styles, footnotes, header) to what stands in their root."""
    roots = {"header": "hdr", "footer": "ftr"}
    files = {
        "_rels/.rels": _relations({"officeDocument": "word/document.xml"}),
        "word/document.xml": _part("document", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": _relations({k: f"{k}.xml" for k in parts or {}}),
    }
    for kind, content in (parts or {}).items():
        files[f"word/{kind}.xml"] = _part(roots.get(kind, kind), content)
    return package(files)


def package(files: Mapping[str, str | bytes]) -> bytes:
    """Files as a ZIP package, the same bytes for the same files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def numbered_docx(text: str) -> bytes:
    """A text as a Word file, a paragraph a line, whose numbers (一、 (一) 1.) stand in no paragraph:
    they are those of one list of three levels, an instance more where they do not go on by it."""
    counts = [0, 0, 0]
    instances = ['<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>']
    body = []
    for line in text.splitlines():
        for level, marker in enumerate(_MARKERS):
            if match := marker.match(line):
                number = _number(match["number"])
                counts[level] += 1
                counts[level + 1 :] = [0] * (2 - level)
                if number != counts[level]:
                    counts[level] = number
                    instances.append(_instance(len(instances) + 1, level, number))
                body.append(numbered(line[match.end() :], len(instances), level))
                break
        else:
            body.append(paragraph(line))
    return docx("".join(body), {"numbering": NUMBERING + "".join(instances)})


def _instance(list_: int, level: int, start: int) -> str:
    return (
        f'<w:num w:numId="{list_}"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="{level}">'
        f'<w:startOverride w:val="{start}"/></w:lvlOverride></w:num>'
    )


def _number(printed: str) -> int:
    if printed.isdecimal():
        return int(printed)
    tens, ten, ones = printed.rpartition("十")
    above = (_DIGITS.index(tens) + 1 if tens else 1) * 10 if ten else 0
    return above + (_DIGITS.index(ones) + 1 if ones else 0)


def _part(root: str, content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{root} {_NAMES}>{content}</w:{root}>'


def _relations(targets: Mapping[str, str]) -> str:
    told = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets.items())
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{_RELATED}">{told}</Relationships>'
