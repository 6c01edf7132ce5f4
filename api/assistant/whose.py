"""Beside words of a document that is no duty of the house an answer says so: whose it is where it is for
reference, what ended it where another document abolishes it: （国务院办公厅文件，仅供查阅；已被…废止）."""

from __future__ import annotations

from collections.abc import Sequence

from api.assistant.statements import Piece, Statement
from kb.models import Citation
from tasks.queries import Register


def whose_mark(register: Register, cited: Sequence[Citation], language: str) -> str:
    """What is said of words that rest on documents for reference, or on such as are no longer in
    force, alone; empty of all others."""
    ids = dict.fromkeys(c.document_id for c in cited)
    told = list[str]()
    if ids and ids.keys() <= register.reference:
        issuers = dict.fromkeys(_issuer(register, key) for key in ids)
        told.append(
            f"{'、'.join(issuers)}文件，仅供查阅"
            if language == "zh"
            else f"document of {', '.join(issuers)}, for reference"
        )
    if ids and ids.keys() <= register.abolished.keys():
        told += dict.fromkeys(register.abolished[key].told(language) for key in ids)
    if not told:
        return ""
    return f"（{'；'.join(told)}）" if language == "zh" else f" ({'; '.join(told)})"


def _issuer(register: Register, key: str) -> str:
    d = register.document_of(key).document
    named = "".join((d.issuer or f"《{d.title}》").split())
    return named.translate(dict.fromkeys(map(ord, "()（）")))  # it stands in brackets itself


def marked(
    register: Register, cited: Sequence[Citation], statements: Sequence[Statement], language: str
) -> tuple[Statement, ...]:
    """The statements of an answer with the marks: at each item of a list, and once where lines that
    follow one another rest on the same document."""
    found = list[Statement]()
    told = ""
    for said in statements:
        mark = whose_mark(register, [cited[n] for n in said.citations], language)
        shown = mark if mark != told or said.text.startswith("·") else ""
        told = mark
        pieces = (*said.pieces, Piece(text=shown)) if shown else said.pieces
        found.append(said.model_copy(update={"text": said.text + shown, "pieces": pieces}))
    return tuple(found)
