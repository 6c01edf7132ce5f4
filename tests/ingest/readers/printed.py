"""PDF files as a browser prints them: real fonts, a head and a foot on every page."""

from __future__ import annotations

import subprocess
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

CHROMIUM = Path("/usr/bin/chromium")
_STYLE = "p{text-indent:2em;margin:0;font-size:16pt} td{border:1px solid;font-size:12pt}"


def print_pdf(text: str, table: list[list[str]] | None = None) -> bytes:
    """A text, a paragraph a line, then a table with ruling lines, printed.

    Raises:
        subprocess.SubprocessError: the browser fails.
    """
    body = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table or ()
    )
    page = f"<meta charset=utf-8><style>{_STYLE}</style>{body}<table>{rows}</table>"
    with TemporaryDirectory() as folder:
        html, pdf = Path(folder, "a.html"), Path(folder, "a.pdf")
        html.write_text(page, encoding="utf-8")
        subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={pdf}", html],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        return pdf.read_bytes()
