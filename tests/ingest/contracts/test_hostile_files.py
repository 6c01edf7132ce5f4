"""Files of every kind that are cut off, named wrongly, or made to run or fetch something: a clear
error or the text, at once, and nothing run or fetched."""

from __future__ import annotations

import base64
import io
import os
import struct
import subprocess
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ingest.deliveries import open_delivery
from ingest.readers import read_bytes
from ingest.readers.kinds import KINDS, PICTURES, detect_media_type, media_type_of_suffix
from kb.errors import SourceError
from tests.ingest.readers import ofd_files, pdf_files, word97_files, word_files, workbooks
from tests.loopback import serving

WORDS = [f"（{n}）各单位要高度重视，抓好第{n}项工作落实。责任单位：区教委。" for n in range(1, 400)]
TEXT = "\n".join(["某区行动方案", *WORDS])


def html(body: str = "", head: str = "") -> bytes:
    lines = "".join(f"<p>{line}</p>" for line in TEXT.splitlines())
    return f"<!DOCTYPE html><html><head><meta charset=utf-8>{head}</head><body>{lines}{body}</body></html>".encode()


def mhtml(page: bytes) -> bytes:
    head = 'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="X"\n\n--X\n'
    part = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
    return (head + part).encode() + base64.encodebytes(page) + b"--X--\n"


def rtf(more: str = "") -> bytes:
    lines = r"\par ".join("".join(f"\\u{ord(c)}?" for c in line) for line in TEXT.splitlines()[:90])
    return f"{{\\rtf1\\ansi\\ansicpg936 {more}{lines}}}".encode()


def docx(more: str = "") -> bytes:
    return word_files.docx("".join(map(word_files.paragraph, TEXT.splitlines())) + more)


def xlsx() -> bytes:
    return workbooks.xlsx([[line] for line in TEXT.splitlines()])


def xls() -> bytes:
    book = workbooks.xls([[line] for line in TEXT.splitlines()])
    return word97_files.compound({"Workbook": book})


def ods(more: str = "") -> bytes:
    cells = "".join(
        f"<table:table-row><table:table-cell><text:p>{line}</text:p></table:table-cell></table:table-row>"
        for line in TEXT.splitlines()
    )
    return workbooks.ods_content(f'<table:table table:name="a">{cells}</table:table>{more}')


def pdf() -> bytes:
    lines = [pdf_files.Words(line, 60, 60 + 20 * n, 10) for n, line in enumerate(TEXT.splitlines())]
    return pdf_files.write_pdf([pdf_files.Sheet(lines[:30])] * 8)


def ofd(more: str = "") -> bytes:
    lines = [ofd_files.text(line, 20, 20 + 6 * n) for n, line in enumerate(TEXT.splitlines()[:40])]
    pages = [ofd_files.page("".join(lines) + f"<!-- {n} -->") for n in range(12)]
    return ofd_files.ofd(*pages, more=more)


def eml(page: str = "") -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "方案", "a@example.org", "b@example.org"
    mail.set_content(TEXT)
    mail.add_attachment(
        docx(), maintype="application", subtype="octet-stream", filename="附件.docx"
    )
    if page:
        mail.add_attachment(page, subtype="html", filename="附件.html")
    return mail.as_bytes()


def msg() -> bytes:
    """A mail as Outlook saves it, with nothing but its text ([MS-OXMSG] 2.4): a property of 16 bytes that
    says how long it is, and its stream."""
    body = TEXT.ljust(-(-len(TEXT) // 256) * 256, "\n").encode("utf-16-le")
    told = bytes(32) + struct.pack("<HHII4x", 0x1F, 0x1000, 6, len(body) + 2)
    return word97_files.compound({"__properties_version1.0": told, "__substg1.0_1000001F": body})


def member_text(data: bytes, name: str) -> str:
    """The text of a file, or those of the members of a package or mail."""
    if detect_media_type(data, name) in KINDS:
        return read_bytes(data, name).text
    return "\n".join(read_bytes(m.data, m.name).text for m in open_delivery(data, name).members)


GOOD: dict[str, tuple[bytes, bool]] = {
    "txt": (TEXT.encode(), False),
    "md": (f"# 某区行动方案\n{TEXT}".encode(), False),
    "csv": ("\n".join(f"{line},1" for line in TEXT.splitlines()).encode(), False),
    "html": (html(), False),
    "mht": (mhtml(html()), True),
    "rtf": (rtf(), True),
    "docx": (docx(), True),
    "doc": (word97_files.word97(TEXT), True),
    "xlsx": (xlsx(), True),
    "xls": (xls(), True),
    "ods": (ods(), True),
    "pdf": (pdf(), True),
    "ofd": (ofd(), True),
    "zip": (word_files.package({"方案.txt": TEXT, "附件1.docx": docx()}), True),
    "eml": (eml(), True),
    "msg": (msg(), True),
}
"""Suffix → a file of it, and whether a part of one is always told from the whole."""


def test_every_kind_is_here() -> None:
    told = {detect_media_type(data, f"a.{suffix}") for suffix, (data, _) in GOOD.items()}
    assert KINDS.keys() - PICTURES <= told  # what recognises pictures gets them from one module


@pytest.mark.parametrize("suffix", GOOD)
def test_a_file_cut_off_at_any_kilobyte_is_refused_or_read(suffix: str) -> None:
    data, is_told = GOOD[suffix]
    whole = member_text(data, f"a.{suffix}")
    for end in range(1024, len(data) - 8, 1024):
        try:
            text = member_text(data[:end], f"a.{suffix}")
        except SourceError as error:
            assert " / " in error.message  # noqa: PT017
        else:
            assert not is_told, f"cut at {end}, and read"
            assert len(text) < len(whole)


@pytest.mark.parametrize("suffix", GOOD)
def test_a_wrong_suffix_changes_nothing_but_is_told(suffix: str) -> None:
    data, _ = GOOD[suffix]
    media_type = detect_media_type(data, f"a.{suffix}")
    for other in ("doc", "pdf", "png", ""):
        name = f"a.{other}"
        if media_type_of_suffix(name) == media_type or suffix in {"md", "csv"}:
            continue  # what sort of text it is only its suffix says
        if media_type not in KINDS:
            with pytest.raises(SourceError) as raised:
                read_bytes(data, name)
            assert raised.value.hint
            continue
        source = read_bytes(data, name)
        assert (source.media_type, source.text) == (media_type, member_text(data, f"a.{suffix}"))
        assert source.findings[0].code == "extension-mismatch"


def test_a_bomb_is_refused_in_every_package() -> None:
    for suffix in ("docx", "xlsx", "ods", "ofd", "zip"):
        with zipfile.ZipFile(io.BytesIO(GOOD[suffix][0])) as package:
            parts = {name: package.read(name) for name in package.namelist()}
        largest = max(parts, key=lambda name: (name.endswith((".xml", ".txt")), len(parts[name])))
        parts[largest] += b" " * 80_000_000
        data = word_files.package(parts)
        if suffix == "zip":
            assert [r.path for r in open_delivery(data, "a.zip").refused] == [largest]
        else:
            with pytest.raises(SourceError):
                read_bytes(data, f"a.{suffix}")


# --- what would run, or fetch something

SECRET = "本机文件里的内容"


def with_parts(data: bytes, parts: dict[str, str | bytes]) -> bytes:
    """A package with further parts, or others in the place of its own."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        own = {name: package.read(name) for name in package.namelist()}
    return word_files.package({**own, **parts})


def active_docx(url: str, file: str) -> bytes:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    outside = "".join(
        f'<Relationship Id="x{n}" Type="{kind}/{name}" Target="{target}" TargetMode="External"/>'
        for n, (name, target) in enumerate(
            (name, target)
            for name in (
                "attachedTemplate",
                "image",
                "subDocument",
                "aFChunk",
                "header",
                "oleObject",
            )
            for target in (url, file)
        )
    )
    fields = "".join(
        f'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> {code} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        for code in (f'INCLUDETEXT "{file}"', f'INCLUDEPICTURE "{url}"', 'DDEAUTO c:\\\\cmd "/k calc"')
    )  # fmt: skip
    body = f'<w:altChunk r:id="x6"/><w:subDoc r:id="x4"/><w:p>{fields}</w:p>'
    root = f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{outside}</Relationships>'
    return with_parts(
        docx(body),
        {
            "word/_rels/document.xml.rels": root,
            "word/vbaProject.bin": word97_files.compound({"VBA": b"Shell(calc)" * 400}),
        },
    )


def active_xlsx(url: str, file: str) -> bytes:
    link = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship'
        ' Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        f'externalLinkPath" Target="{file}" TargetMode="External"/></Relationships>'
    )
    rows = [[line] for line in TEXT.splitlines()] + [
        [f'=WEBSERVICE("{url}")'],
        ["=CMD|'/c calc'!A1"],
    ]
    parts: dict[str, str | bytes] = {
        "xl/externalLinks/externalLink1.xml": "<externalLink/>",
        "xl/externalLinks/_rels/externalLink1.xml.rels": link,
        "xl/vbaProject.bin": word97_files.compound({"VBA": b"Shell(calc)" * 400}),
    }
    return with_parts(workbooks.xlsx(rows), parts)


def active_pdf(url: str, file: str) -> bytes:
    acts = "".join(
        f"/{name}<</S/{kind}>>"
        for name, kind in (
            ("OpenAction", f"JavaScript/JS(this.submitForm\\('{url}'\\);app.launchURL\\('{url}'\\))"),
            ("A1", f"URI/URI({url})"),
            ("A2", f"Launch/F({file})"),
            ("A3", f"ImportData/F({file})"),
        )
    )  # fmt: skip
    acts += f"/AA<</WC<</S/URI/URI({url})>>>>/AcroForm<</XFA({url})/Fields[]>>"
    return pdf().replace(b"/Pages 2 0 R>>", b"/Pages 2 0 R" + acts.encode() + b">>", 1)


def active_html(url: str, file: str) -> bytes:
    return html(
        f'<img src="{url}"><iframe src="{url}"></iframe><object data="{file}"></object>'
        f'<script src="{url}"></script><script>document.write("脚本写的")</script><embed src="{file}">'
        f'<link rel=import href="{file}"><form action="{url}"><input autofocus onfocus="f()"></form>',
        f'<meta http-equiv=refresh content="0;url={url}"><base href="{url}"><link rel=stylesheet href="{url}">',
    )


def active_ofd(url: str, file: str) -> bytes:
    more = (
        f'<ofd:Actions><ofd:Action Event="DO"><ofd:URI URI="{url}"/></ofd:Action></ofd:Actions>'
        f"<ofd:Annotations>{file}</ofd:Annotations><ofd:Attachments>../../../..{file}</ofd:Attachments>"
    )
    return ofd(more)


def active_ods(url: str, file: str) -> bytes:
    return ods(
        f'<table:table table:name="b"><table:table-source xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xlink:href="{file}"/><table:table-row><table:table-cell '
        f'table:formula="of:=WEBSERVICE(&quot;{url}&quot;)"/></table:table-row></table:table>'
    )


def active_rtf(url: str, file: str) -> bytes:
    return rtf(
        rf'{{\*\template {url}}}{{\field{{\*\fldinst INCLUDETEXT "{file}"}}}}'
        rf'{{\field{{\*\fldinst INCLUDEPICTURE "{url}"}}}}'
        rf"{{\object\objautlink\objupdate{{\*\objclass Word.Document.8}}{{\*\objdata {url.encode().hex()}}}}}"
    )


def entities(url: str, file: str) -> bytes:
    """A page that names a file, and the same characters a thousand million times."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    told = (
        f'<!DOCTYPE html [<!ENTITY a SYSTEM "file://{file}"><!ENTITY b SYSTEM "{url}">'
        f'<!ENTITY l0 "哈"> {laughs}]>'
    )
    return f'<?xml version="1.0"?>{told}'.encode() + html("<p>&a;&b;&l9;</p>")


def with_entities(suffix: str) -> Callable[[str, str], bytes]:
    """A package in whose parts a parameter entity would bring another file (XML 1.0, 4.1)."""

    def write(url: str, file: str) -> bytes:
        with zipfile.ZipFile(io.BytesIO(GOOD[suffix][0])) as package:
            parts = {name: package.read(name) for name in package.namelist()}
        for name, part in parts.items():
            if name.endswith(".xml"):
                head, _, rest = part.rpartition(b"?>") if b"?>" in part[:200] else (b"", b"", part)
                told = f'<!DOCTYPE x [<!ENTITY % a SYSTEM "{url}"> %a; <!ENTITY % b SYSTEM "file://{file}"> %b;]>'
                parts[name] = (head + b"?>" if head else b"") + told.encode() + rest
        return word_files.package(parts)

    return write


ACTIVE: dict[str, tuple[str, Callable[[str, str], bytes]]] = {
    "docm": ("docm", active_docx),
    "xlsm": ("xlsm", active_xlsx),
    "pdf": ("pdf", active_pdf),
    "html": ("html", active_html),
    "entities": ("xhtml", entities),
    "mht": ("mht", lambda url, file: mhtml(active_html(url, file))),
    "md": ("md", lambda url, file: f"{TEXT}\n![a]({url}) [b]({file}) <img src={url}>".encode()),
    "ofd": ("ofd", active_ofd),
    "ods": ("ods", active_ods),
    "rtf": ("rtf", active_rtf),
    **{
        f"entities in {suffix}": (suffix, with_entities(suffix))
        for suffix in ("docx", "xlsx", "ods", "ofd")
    },
    "eml": ("eml", lambda url, file: eml(active_html(url, file).decode())),
}


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("kind", ACTIVE)
def test_nothing_is_run_and_nothing_fetched(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "system", refuse)
    beside = tmp_path / "secret.txt"
    beside.write_text(SECRET, encoding="utf-8")
    suffix, write = ACTIVE[kind]
    with serving(Asked) as url:
        data = write(f"{url}/x", str(beside))
        try:
            text = member_text(data, f"a.{suffix}")
        except SourceError as error:
            assert kind.startswith("entities in")
            text = TEXT + str(error)
    assert asked == []
    assert SECRET not in text
    assert "脚本写的" not in text
    assert text.count("哈") < 2
    assert "抓好第5项工作落实" in text
