"""Chinese in ASCII: HZ and UTF-7 are read and told, escapes are refused, no letters become duties."""

from __future__ import annotations

import base64
import html
import quopri
import urllib.parse

import pytest

from ingest.readers import read_bytes
from ingest.readers.encoding import decode_bytes
from ingest.readers.seven_bit import find_unread, read_seven_bit
from kb.errors import SourceError

NOTICE = (
    "某区人民政府办公室\n关于印发校园食品安全工作方案的通知\n某府办〔2025〕12号\n一、主要任务\n"
    "（一）2026年9月30日前完成120所学校食堂改造，覆盖率达到100%。（责任单位：区教委、区财政局）\n"
    "（二）区市场监管局每季度开展1次专项检查，区教委配合。\n"
)


@pytest.mark.parametrize("codec", ["hz", "utf-7"])
@pytest.mark.parametrize("text", [NOTICE, "一、工作目标", NOTICE.replace("\n", "\r\n")])
def test_codecs_of_seven_bits_are_read_and_told(codec: str, text: str) -> None:
    source = read_bytes(text.encode(codec), "notice.txt")
    assert source.text == text
    [finding] = source.findings
    assert finding.code == "charset-mismatch"
    assert codec.upper() in finding.message


@pytest.mark.parametrize("codec", ["hz", "utf-7"])
def test_a_page_in_seven_bits_is_read(codec: str) -> None:
    page = b"<html><body><p>" + "一、完成食堂改造。".encode(codec) + b"</p></body></html>"
    assert read_bytes(page, "page.html").text == "一、完成食堂改造。\n"


@pytest.mark.parametrize(
    "text",
    [
        "Report on 1+1=2, C++ and A+B+C+D+E.\n",
        "a ~{ b ~} c ~{x~} in a shell: ~{echo}~\n",
        "token +ThisIsNoText+ABCDEFGH+abcdefgh+QWERTYUI+zxcvbnmm\n" * 20,
        "http://x.cn/?q=%E9%80%9A%E7%9F%A5\n",
        "x=1\ny==2\n",
        base64.b64encode(bytes(range(256)) * 9).decode(),
        "",
    ],
)
def test_other_ascii_is_as_it_stands(text: str) -> None:
    assert read_seven_bit(text.encode()) is None
    assert find_unread(text) is None
    assert decode_bytes(text.encode(), "a.txt").text == text


def _escaped(text: str) -> dict[str, bytes]:
    hz, utf7 = text.encode("hz"), text.encode("utf-7")
    return {
        "HZ": hz[:-6] + b"~{!\x20" + b"\n",  # damaged: the codec gives up
        "UTF-7": utf7 + b"+Th\n",
        "Quoted-Printable": quopri.encodestring(text.encode()),
        "Quoted-Printable in GBK": quopri.encodestring(text.encode("gbk")),
        "%XX": urllib.parse.quote(text).encode(),
        "\\uXXXX": text.encode("ascii", "backslashreplace"),
        "&#…;": text.encode("ascii", "xmlcharrefreplace"),
        "Base64": base64.encodebytes(text.encode()),
        "ISO-2022-CN": text.encode("iso2022_jp_2", "replace"),
    }


@pytest.mark.parametrize("kind", _escaped(NOTICE))
def test_chinese_in_escapes_is_refused_by_name(kind: str) -> None:
    with pytest.raises(
        SourceError, match=kind.split(" ", maxsplit=1)[0].replace("\\", r"\\")
    ) as raised:
        read_bytes(_escaped(NOTICE)[kind], "notice.txt")
    assert "第 1 行" in raised.value.message
    assert "UTF-8" in raised.value.hint


def test_addresses_and_entities_do_not_count() -> None:
    address = f"<a href='http://x.cn/{urllib.parse.quote(NOTICE)}'>来源</a>"
    text = "".join(f"&#{ord(c)};" for c in "一、完成食堂改造，区教委负责，区财政局配合。")
    page = f"<html><body>{address}<p>{text}</p></body></html>".encode("ascii", "xmlcharrefreplace")
    assert html.unescape(text) in read_bytes(page, "page.html").text
    cited = f"{NOTICE}附件：http://x.cn/{urllib.parse.quote('校园食品安全工作方案')}.pdf\n"
    assert read_bytes(cited.encode(), "notice.txt").text == cited
