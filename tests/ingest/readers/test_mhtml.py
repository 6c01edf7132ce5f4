"""Pages saved as one file: the page is found, its encoding is the one its part names."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable

import pytest

from ingest.readers import read_bytes
from ingest.readers.html import read_mhtml
from kb.errors import SourceError

WORDS = "各单位要高度重视，抓好落实，不断提高服务人民的能力和水平，切实加强组织领导。"
PAGE = (
    '<html><head><meta charset="gb2312"></head><body>'
    + "".join(f"<p>（{marker}）{WORDS}</p>" for marker in "一二三四五六")
    + "</body></html>"
)
HEAD = 'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="X"{more}\n\n'


def part(content: bytes, kind: str, encoding: str, more: str = "") -> bytes:
    head = f"--X\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n{more}\n"
    return head.encode() + content + b"\n"


def archive(*parts: bytes, more: str = "") -> bytes:
    return HEAD.format(more=more).encode() + b"".join(parts) + b"--X--\n"


@pytest.mark.parametrize(
    ("charset", "codec", "encoding", "encode"),
    [
        ("; charset=gb2312", "gb18030", "quoted-printable", quopri.encodestring),
        ("; charset=utf-8", "utf-8", "base64", base64.encodebytes),  # the page itself says gb2312
        ("", "gb18030", "8bit", bytes),
        ("; charset=nonsense", "gb18030", "8bit", bytes),
        ("; charset=utf-8", "gb18030", "8bit", bytes),
    ],
)
def test_the_page_is_read(
    charset: str, codec: str, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    page = part(encode(PAGE.encode(codec)), f"text/html{charset}", encoding)
    picture = part(base64.encodebytes(b"\x89PNG"), "image/png", "base64")
    source = read_bytes(archive(page, picture), "a.mht")
    assert source.media_type == "multipart/related"
    assert source.text.splitlines()[0] == "（一）" + WORDS
    assert not source.findings


def test_the_page_that_the_head_names_is_read_and_other_frames_are_told() -> None:
    frame = part(
        "<p>框架</p>".encode(), "text/html; charset=utf-8", "8bit", "Content-Location: http://a/b\n"
    )
    page = part(PAGE.encode("gbk"), "text/html", "8bit", "Content-ID: <main>\n")
    read = read_mhtml(archive(frame, page, more='; start="<main>"'), "a.mht")
    assert WORDS in read.text
    assert "http://a/b" in read.findings[-1].message


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(archive(part(b"AAAA", "image/png", "base64")), id="no page"),
        pytest.param(archive(part(b"", "text/html", "8bit")), id="empty page"),
        pytest.param(
            archive(*[part(b"", "image/png", "8bit")] * 6000), id="too many parts"
        ),
        pytest.param(
            b"".join(
                f"Content-Type: multipart/related; boundary=b{n}\n\n--b{n}\n".encode()
                for n in range(400)
            ),
            id="too deep",
        ),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(data: bytes) -> None:
    with pytest.raises(SourceError):
        read_mhtml(data, "a.mht")
