"""A form that was refused comes back as it was filled in: the page that it stood on, what was typed,
and why, beside the field. Works on the page as it is rendered, so that every form has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import anyio.from_thread
from bs4 import BeautifulSoup, Tag
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message, Scope

NOTICE = "duban.notice"
"""Where a request's scope says what became of the form."""
_PLAIN = {"hidden", "submit", "button", "image", "reset", "password"}
"""Inputs that are left as they are; a password is typed again."""
_HELD = ("asgi", "http_version", "scheme", "server", "client", "root_path", "app", "state", "type",
         "extensions", "starlette.exception_handlers")  # fmt: skip

Values = Mapping[str, Sequence[str]]


def sent_fields(request: Request) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What a form that was read sent: the texts by field, and the names of the files by field.
    Called from the thread of a handler."""

    async def read() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        texts: dict[str, list[str]] = {}
        files: dict[str, list[str]] = {}
        for name, value in (await request.form()).multi_items():
            if not isinstance(value, UploadFile):
                texts.setdefault(name, []).append(value)
            elif value.filename:
                files.setdefault(name, []).append(value.filename)
        return texts, files

    return anyio.from_thread.run(read)


def page_at(request: Request, path: str, notice: tuple[bool, str]) -> str | None:
    """The page at an address of this site as whoever asks sees it, with a notice; None where there
    is none. Called from the thread of a handler."""
    plain, _, query = path.partition("#")[0].partition("?")
    kept = [
        h
        for h in request.scope["headers"]
        if not h[0].startswith((b"content-", b"if-", b"accept-enc"))
    ]
    scope: Scope = {
        **{key: request.scope[key] for key in _HELD if key in request.scope},
        "method": "GET", "path": unquote(plain), "raw_path": plain.encode(), "headers": kept,
        "query_string": query.encode(), NOTICE: notice,
    }  # fmt: skip
    status, body = 0, bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    anyio.from_thread.run(request.app, scope, receive, send)
    return body.decode() if status == 200 else None


def refill(
    page: str, action: str, texts: Values, files: Values, why: str, missed: str
) -> str | None:
    """The page with the form of this action filled in as it was sent.

    Args:
        page: HTML.
        action: the address that the form was sent to.
        texts: what it sent.
        files: the names of the files that it sent: a browser cannot be given them back.
        why: the reason of the refusal, put beside the field that it speaks of.
        missed: what is said beside a field of files, with the names in place of `{files}`.

    Returns:
        None where the page has no such form.
    """
    soup = BeautifulSoup(page, "html.parser")
    form = _form_of(soup, action, texts)
    if form is None:
        return None
    for details in form.find_parents("details"):
        details["open"] = ""
    for details in soup.select("[autofocus]"):
        del details["autofocus"]
    controls = [c for c in form.select("input, textarea, select") if _typed(c)]
    places: dict[str, int] = {}
    for control in controls:
        name = str(control["name"])
        if control.get("type") == "file":
            if names := files.get(name):
                _say_after(soup, control, missed.replace("{files}", "、".join(names)))
            continue
        number = places[name] = places.get(name, -1) + 1
        _fill(soup, control, texts.get(name, ()), number)
    spoken = _spoken_of(controls, texts, why)
    told = soup.new_tag("p", attrs={"class": "notice failed refused", "id": "refused"})
    told.string = why
    if spoken is not None:
        spoken["aria-invalid"], spoken["aria-describedby"] = "true", "refused"
        (spoken.find_parent("label") or spoken).insert_after(told)
    else:
        form.insert(0, told)
    if focused := spoken or next(iter(controls), None):
        focused["autofocus"] = ""
    return str(soup)


def _typed(control: Tag) -> bool:
    return bool(control.get("name")) and control.get("type", "text") not in _PLAIN


def _form_of(soup: BeautifulSoup, action: str, texts: Values) -> Tag | None:
    """The form that sends to `action` and whose hidden fields are those that were sent."""
    for form in soup.find_all("form"):
        buttons = [b.get("formaction") for b in form.find_all("button")]
        if action not in (form.get("action"), *buttons):
            continue
        hidden = form.select("input[type=hidden]")
        if all(str(h.get("value", "")) in texts.get(str(h.get("name")), ()) for h in hidden):
            return form
    return None


def _fill(soup: BeautifulSoup, control: Tag, values: Sequence[str], number: int) -> None:
    if control.name == "textarea":
        # The parser of HTML drops one line end at the beginning.
        control.string = f"\n{values[number]}" if number < len(values) else ""
    elif control.name == "select":
        for option in control.find_all("option"):
            own = str(option.get("value", option.get_text()))
            _mark(option, "selected", number < len(values) and own == values[number])
    elif control.get("type") in ("checkbox", "radio"):
        _mark(control, "checked", str(control.get("value", "on")) in values)
    elif number < len(values):
        control["value"] = values[number]


def _mark(tag: Tag, name: str, on: bool) -> None:
    if on:
        tag[name] = ""
    elif name in tag.attrs:
        del tag[name]


def _say_after(soup: BeautifulSoup, control: Tag, words: str) -> None:
    said = soup.new_tag("small", attrs={"class": "again"})
    said.string = words
    control.insert_after(said)


def _spoken_of(controls: Sequence[Tag], texts: Values, why: str) -> Tag | None:
    """The field that a refusal speaks of: the one whose value it repeats, else the one whose label
    it names."""
    shown = [c for c in controls if c.get("type") not in ("checkbox", "radio") and c.name != "select"]  # fmt: skip
    for control in shown:
        if any(len(v) > 1 and v in why for v in texts.get(str(control["name"]), ())):
            return control
    for control in shown:
        label = control.find_parent("label")
        words = next(iter(label.stripped_strings), "") if label else ""
        if words and words.rstrip(":：").casefold() in why.casefold():
            return control
    return None
