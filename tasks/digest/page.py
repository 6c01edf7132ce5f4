"""The digest as one self-contained HTML page, for a browser, a printer, a phone or a message."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from tasks.digest.models import Digest
from tasks.digest.view import view_of


def render_html(digest: Digest, language: str, base_url: str = "") -> bytes:
    """The page in UTF-8. All that comes from documents and people is escaped; nothing is loaded
    from elsewhere."""
    page = _template().render(view=view_of(digest, language, base_url))
    return page.encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("tasks.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("digest.html")
