"""Word 97–2003 files and those of WPS Writer ([MS-DOC]): turned into a Word package by msdoc2docx,
which is read as any other."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ingest.files import LIMIT
from ingest.readers.docx import read_docx
from ingest.readers.source import Read
from kb.errors import DiskError, SourceError
from kb.models import Finding

_CLSID = slice(8, 24)
"""Of the header of a compound file ([MS-CFB] 2.2): must be zero, WPS writes its own there."""
_NO_LOSS = frozenset({"info"})


def read_doc(data: bytes, name: str) -> Read:
    """The text of a Word 97–2003 file; a finding tells what its conversion lost.

    Raises:
        SourceError: encrypted, damaged, of Word 95 or before, or without words.
        DiskError: there is no room for the package, which the library writes to a file.
    """
    # Loaded here, as importing it takes longer than reading a page of text.
    from doc2docx import convert  # noqa: PLC0415
    from doc2docx.cfb.container import CompoundFileLimits  # noqa: PLC0415
    from doc2docx.errors import EncryptedDocumentError  # noqa: PLC0415

    limits = CompoundFileLimits(
        max_input_bytes=LIMIT, max_stream_bytes=LIMIT, max_directory_entries=10_000
    )
    clean = bytearray(data)
    clean[_CLSID] = bytes(16)
    with tempfile.TemporaryDirectory(prefix="duban-doc-") as folder:
        source, target = Path(folder) / "source.doc", Path(folder) / "target.docx"
        source.write_bytes(clean)
        try:
            report = convert(source, target, limits=limits).report
        except EncryptedDocumentError as error:
            raise SourceError(
                "文件加了密码 / the file is encrypted",
                hint="请去掉打开密码再导入 / save it without its password and try again",
                path=name,
            ) from error
        except MemoryError:
            raise
        except OSError as error:
            raise DiskError(
                f"写不了临时文件: {error.strerror} / cannot write a temporary file: {error.strerror}",
                path=folder,
            ) from error
        except Exception as error:  # the library raises what its parts raise
            told = f"{error or type(error).__name__}".replace(str(folder), "").replace(" / ", "/")
            raise SourceError(
                f"Word 97–2003 文件不能读: {told} / the Word 97–2003 file cannot be read: {told}",
                hint="请用 Word 或 WPS 打开, 另存为 DOCX 再导入 / open it, save it as DOCX and try again",
                path=name,
            ) from error
        package = target.read_bytes()
    read = read_docx(package, name)
    lost = [
        f"{item.code.lower().replace('_', '-')}: {item.message}"
        for item in report.diagnostics
        if item.severity.value not in _NO_LOSS
    ]
    if not lost:
        return read
    told = "\n".join(dict.fromkeys(lost)).replace(" / ", "/")
    message = (
        f"旧版 Word 文件转换时有 {len(lost)} 处改动或缺失:\n{told} / "
        f"converting the old Word file changed or lost {len(lost)} things:\n{told}"
    )
    return replace(read, findings=(Finding(code="conversion", message=message), *read.findings))
