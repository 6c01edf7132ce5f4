"""OFD files that tests write (GB/T 33190-2016): texts, paths and pages as a package."""

from __future__ import annotations

from collections.abc import Mapping

from tests.ingest.readers.word_files import package

NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def text(
    words: str, x: float, y: float, *, size: float = 5, deltas: str | None = None, more: str = ""
) -> str:
    deltas = deltas if deltas is not None else f"g {len(words) - 1} {size}"
    return (
        f'<ofd:TextObject ID="1" Boundary="{x} {y} 200 10" Size="{size}" {more}>'
        f'<ofd:TextCode X="0" Y="{size}" DeltaX="{deltas}">{words}</ofd:TextCode></ofd:TextObject>'
    )


def path(data: str, boundary: str = "0 0 210 297", more: str = "") -> str:
    return (
        f'<ofd:PathObject ID="2" Boundary="{boundary}" {more}>'
        f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def page(objects: str, template: str = "") -> str:
    return (
        f"<ofd:Page {NAMESPACE}>{template}<ofd:Content><ofd:Layer>{objects}</ofd:Layer>"
        "</ofd:Content></ofd:Page>"
    )


def ofd(
    *pages: str, common: str = "", more: str = "", parts: Mapping[str, str | bytes] | None = None
) -> bytes:
    listed = "".join(f'<ofd:Page ID="p{n}" BaseLoc="Pages/{n}.xml"/>' for n in range(len(pages)))
    files: dict[str, str | bytes] = {
        "OFD.xml": f"<ofd:OFD {NAMESPACE}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
        "</ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>"
        f"0 0 210 297</ofd:PhysicalBox></ofd:PageArea>{common}</ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages>{more}</ofd:Document>",
        **{f"Doc_0/Pages/{n}.xml": page for n, page in enumerate(pages)},
        **(parts or {}),
    }  # fmt: skip
    return package(files)
