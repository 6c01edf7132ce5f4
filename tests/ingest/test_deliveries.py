"""Packages and mails: their members with names, parts and order; what is left out or refused is told."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.attachments import Part
from ingest.deliveries import Delivery, is_delivery, open_delivery
from kb.errors import SourceError
from tests.ingest.readers.workbooks import xlsx


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            item = zipfile.ZipInfo(name)
            item.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(item, data)
    return out.getvalue()


def gbk_packed(name: str, data: bytes) -> bytes:
    """As older Chinese systems pack: the bytes of the name are GBK and no bit says so."""
    raw = name.encode("gbk")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("x" * len(raw), data)
    return out.getvalue().replace(b"x" * len(raw), raw)


def paths(delivery: Delivery) -> list[str]:
    return [member.path for member in delivery.members]


def test_attachments_of_a_package_belong_to_its_one_document() -> None:
    files = {
        "报送/某区工作方案.txt": b"1",
        "报送/附件1.任务分解表.xlsx": xlsx([["任务"]]),
        "报送/附件二 名单.txt": b"2",
        "__MACOSX/报送/._x": b"",
        "报送/.DS_Store": b"",
        "报送/~$方案.docx": b"",
    }
    found = open_delivery(packed(files), "包.zip")
    assert [(m.name, m.part, m.number, m.belongs_to) for m in found.members] == [
        ("某区工作方案.txt", Part.BODY, None, None),
        ("附件1.任务分解表.xlsx", Part.ATTACHMENT, 1, 0),
        ("附件二 名单.txt", Part.ATTACHMENT, 2, 0),
    ]
    assert len(found.left_out) == 3
    assert not is_delivery(xlsx([["任务"]]), "a.zip")  # told by content


@pytest.mark.parametrize("name", ["某区工作方案.txt", "关于印发方案的通知.txt"])
def test_names_of_older_systems_are_read(name: str) -> None:
    assert paths(open_delivery(gbk_packed(name, b"1"), "a.zip")) == [name]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\temp\\方案.txt", "temp/方案.txt"),
        ("a/./b.txt", "a/b.txt"),
    ],
)
def test_no_name_leads_out_of_the_package(name: str, path: str) -> None:
    assert paths(open_delivery(packed({name: b"1"}), "a.zip")) == [path]


def test_packages_in_packages_to_a_depth() -> None:
    data = packed({"方案.txt": b"1"})
    for depth in (2, 3):
        data = packed({f"{depth}.zip": data, f"{depth}.txt": b"2"})
    assert paths(open_delivery(data, "a.zip")) == ["3.zip/2.zip/方案.txt", "3.zip/2.txt", "3.txt"]
    found = open_delivery(packed({"外.zip": data, "外.txt": b"3"}), "a.zip")
    assert [refused.path for refused in found.refused] == ["外.zip/3.zip/2.zip"]
    assert "外.txt" in paths(found)


def test_what_cannot_be_taken_out_does_not_lose_the_others() -> None:
    data = bytearray(packed({"锁.txt": b"secret", "好.txt": b"1"}))
    data[data.find(b"PK\x01\x02") + 8] |= 1  # the bit of encryption
    broken = bytearray(packed({"坏.txt": b"0123456789" * 50, "好.txt": b"1"}))
    broken[40 + len("坏.txt".encode())] ^= 0xFF
    for sent, bad in ((data, "锁.txt"), (broken, "坏.txt")):
        found = open_delivery(bytes(sent), "a.zip")
        assert paths(found) == ["好.txt"]
        assert [refused.path for refused in found.refused] == [bad]
        assert found.refused[0].error.hint


@pytest.mark.parametrize(
    "data",
    [
        packed({f"{n}.txt": b"" for n in range(501)}),
        packed({"大.txt": b"0" * 40_000_000}),
        packed({".DS_Store": b""}),
        packed({"a.txt": b"1"})[:40],
    ],
    ids=["count", "ratio", "empty", "cut"],
)
def test_packages_over_a_limit_are_refused(data: bytes) -> None:
    with pytest.raises(SourceError):
        open_delivery(data, "a.zip")


def mail(**more: str) -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"] = "关于报送方案的函", "某局 <a@example.org>"
    made["To"], made["Date"] = "b@example.org", "Wed, 15 Mar 2023 09:00:00 +0800"
    made.set_content(more.get("text", "请查收。"))
    return made


def test_a_mail_gives_its_text_and_attachments() -> None:
    made = mail()
    made.add_attachment(
        "一、任务".encode(), maintype="text", subtype="plain", filename="某区方案.txt"
    )
    made.add_attachment(
        xlsx([["任务"]]), maintype="application", subtype="octet-stream", filename="附件1.xlsx"
    )
    found = open_delivery(made.as_bytes(), "信.eml")
    assert (found.subject, found.sender) == ("关于报送方案的函", "某局 <a@example.org>")
    assert found.sent is not None
    assert found.sent.isoformat() == "2023-03-15T09:00:00+08:00"
    assert [(m.name, m.part) for m in found.members] == [
        ("关于报送方案的函.txt", Part.MESSAGE),
        ("某区方案.txt", Part.BODY),
        ("附件1.xlsx", Part.ATTACHMENT),
    ]
    assert found.members[0].data.decode().strip() == "请查收。"
    assert found.members[2].belongs_to == 1


@pytest.mark.parametrize(
    "header",
    [
        b"attachment; filename*=UTF-8''%E6%96%B9%E6%A1%88.txt",
        b'attachment; filename="=?gb18030?B?t72wuC50eHQ=?="',
        b"attachment; filename==?utf-8?B?5pa55qGILnR4dA==?=",
        'attachment; filename="方案.txt"'.encode("gbk"),
        'attachment; filename="方案.txt"'.encode(),
    ],
)
def test_names_of_attachments_however_they_are_written(header: bytes) -> None:
    data = (
        b"From: a@b.c\r\nTo: d@e.f\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n"
        b"Content-Disposition: " + header + b"\r\n\r\n1\r\n--q--\r\n"
    )
    assert paths(open_delivery(data, "a.eml")) == ["方案.txt"]


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"Subject: =?utf-8?b?A?=", "=?utf-8?b?A?="),
        (b"Subject: x\r\nDate: 1 Jan 99999999999 00:00:00 +0000", "x"),
        (b"Subject: x\r\nDate: 1 Jan 2024 00:00:00 +99999999", "x"),
    ],
)
def test_headers_that_cannot_be_read_lose_nothing(header: bytes, subject: str) -> None:
    data = b"From: a@b.c\r\nTo: d@e.f\r\n" + header + b"\r\n\r\n1\r\n"
    found = open_delivery(data, "a.eml")
    assert (found.subject, found.sent, len(found.members)) == (subject, None, 1)


def test_a_mail_in_a_mail_and_a_package_in_a_mail() -> None:
    inner = mail(text="内信")
    made = mail()
    made.add_attachment(inner)
    made.add_attachment(
        packed({"方案.txt": b"1"}), maintype="application", subtype="zip", filename="包.zip"
    )
    assert paths(open_delivery(made.as_bytes(), "a.eml")) == [
        "关于报送方案的函.txt", "1.eml/关于报送方案的函.txt", "包.zip/方案.txt",
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), b"no mail"])
def test_what_is_no_delivery_is_refused(data: bytes) -> None:
    assert not is_delivery(data, "a.msg")


@given(st.binary(max_size=300))
def test_no_bytes_fail_otherwise(data: bytes) -> None:
    for start in (b"PK\x03\x04", b"From: a\nTo: b\nSubject: c\nMIME-Version: 1.0\n"):
        try:
            open_delivery(start + data, "a.eml")
        except SourceError:
            continue
