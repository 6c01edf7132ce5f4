"""Findings of what a Word file holds beside its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from ingest.readers.docx_inline import Aside
from ingest.readers.docx_package import Package, Part, W
from kb.models import Finding
from tasks.models import LEFT_OUT

_V = "{urn:schemas-microsoft-com:vml}"


def findings_of(aside: Aside) -> Iterator[Finding]:
    """One finding for each sort of what was left out, changed or not read."""
    if words := _told(aside.deleted):
        yield listed(
            "tracked-deletions",
            words,
            "修订中删除的文字未读入正文",
            "words deleted by tracked changes are not in the text",
        )
    if words := _told(aside.inserted):
        yield listed(
            "tracked-insertions",
            words,
            "修订中插入的文字按已接受读入",
            "words inserted by tracked changes are in the text as if accepted",
        )
    if words := _told(aside.hidden):
        yield listed("hidden-text", words, "隐藏文字未读入", "hidden text was not read")
    if words := _told(aside.contents):
        yield listed(LEFT_OUT, words, "目录未读入", "the table of contents is not in the text")
    if words := _told(aside.placeholders):
        yield listed(
            LEFT_OUT, words, "待填写的提示文字未读入", "prompts of empty fields are not in the text"
        )
    if words := _told(aside.phonetic):
        yield listed(LEFT_OUT, words, "注音未读入", "phonetic guides are not in the text")
    for code, count, chinese, english in (
        ("pictures", aside.pictures, "张图片中的文字未读入", "pictures, whose words were not read"),
        ("formulas", aside.formulas, "个公式按一行文字读入", "formulas, read as a line of text"),
        ("fields", aside.fields, "个域没有结果, 未读入", "fields without a result, not read"),
        ("symbols", aside.unknown, "个符号字体的字符无法辨认", "glyphs of symbol fonts not known"),
    ):
        if count:
            yield Finding(code=code, message=f"{count} {chinese} / {count} {english}")
    if aside.objects:
        yield listed(
            "embedded-objects",
            aside.objects,
            "嵌入的图表、对象或文档未读入",
            "embedded charts, objects or documents were not read",
        )


def other_parts(package: Package, parts: Iterable[Part], comments: str | None) -> Iterator[Finding]:
    """Findings of headers, footers and comments.

    Raises:
        SourceError: one of them is damaged or over a limit.
    """
    for kind, chinese, english in (
        ("header", "页眉未读入正文", "headers are not in the text"),
        ("footer", "页脚未读入正文", "footers are not in the text"),
    ):
        words = [_words(package.parse(part.name)) for part in parts if part.kind == kind]
        if found := list(dict.fromkeys(_told(words))):
            yield listed(LEFT_OUT, found, chinese, english)
    root = package.parse(comments) if comments is not None else None
    if root is not None:
        told = [
            f"{comment.get(f'{W}author') or ''}: {_words(comment)}"
            for comment in root.iterchildren(f"{W}comment")
            if _words(comment)
        ]
        if told:
            yield listed("comments", told, "批注未读入正文", "comments are not in the text")


def _words(root: etree._Element | None) -> str:
    """The words of a part, those of ornamental writing (a watermark) too."""
    if root is None:
        return ""
    lines: list[str] = []
    for node in root.iter(f"{W}p", f"{W}t", f"{W}tab", f"{_V}textpath"):
        if node.tag in {W + "p", W + "tab"}:
            lines.append(" ")
        else:
            lines.append((node.text if node.tag == W + "t" else node.get("string")) or "")
    return " ".join("".join(lines).split())


def _told(words: Iterable[str]) -> list[str]:
    return [" ".join(word.split()) for word in words if word.strip()]


def listed(code: str, words: Sequence[str], chinese: str, english: str) -> Finding:
    """A finding that lists words, in the order of the file."""
    told = "\n".join(words).replace(" / ", "/")
    count = len(words)
    return Finding(
        code=code, message=f"{chinese} ({count} 处):\n{told} / {english} ({count}):\n{told}"
    )
