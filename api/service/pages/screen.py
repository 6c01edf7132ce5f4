"""What every page knows: who looks at it, in which language, and how to show it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, unquote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.service.identity import ServiceOf, Viewer, ViewerOf, check_form, over_tls, require_for
from api.service.pages.again import NOTICE, page_at, refill, sent_fields
from api.service.pages.names import Names, names_of
from api.service.pages.words import translate
from api.service.problems import UnauthenticatedError, status_of, told_of
from api.service.state import Service
from api.settings import LANGUAGES
from kb.days import check_asked
from kb.days import read_day as parse_day
from kb.errors import DeniedError, DubanError, NotFoundError
from kb.language.roles import Role
from tasks.authorisation import Action, authorise
from tasks.disclosure import Part, may_know
from tasks.due import DUE_SOON, Bearer, last_of
from tasks.units import Units
from tasks.words import describe_ends

T = TypeVar("T")
LANGUAGE_COOKIE = "duban_lang"
_NOTICE_COOKIE = "duban_notice"
_STATIC = Path(__file__).resolve().parent.parent / "static"


@dataclass(frozen=True, slots=True)
class Screen:
    """One request of a browser."""

    request: Request
    service: Service
    viewer: Viewer
    language: str

    # ---- words

    def t(self, words: str, **values: object) -> str:
        """The words of a screen in its language; `words` are the Chinese ones."""
        return translate(words, self.language, **values)

    def side(self, names: tuple[str, str]) -> str:
        """One of a Chinese and an English name."""
        return names[1 if self.language == "en" else 0]

    @property
    def comma(self) -> str:
        """What stands between the names of a list."""
        return self.side(("、", ", "))

    def told(self, message: str) -> str:
        """One side of a message that holds Chinese, ` / `, English."""
        chinese, mark, english = message.partition(" / ")
        return english if mark and self.language == "en" else chinese

    @property
    def names(self) -> Names:
        """Names of roles, states, steps in this language."""
        return names_of(self.language)

    # ---- the viewer

    def may(self, action: Action) -> bool:
        """Whether the viewer may take an action."""
        return authorise(self.viewer.actor, action).allowed

    @property
    def known(self) -> bool:
        """Whether somebody is signed in."""
        return self.viewer.person is not None

    def knows(self, part: Part) -> bool:
        """Whether the viewer may know this part of the lives of duties."""
        return may_know(self.viewer.actor, part)

    @property
    def sees_lives(self) -> bool:
        """Whether the viewer may know how duties stand and what was reported."""
        return self.knows(Part.LIFE)

    def check(self, csrf: str) -> None:
        """Check a form's CSRF field.

        Raises:
            DeniedError: it is not the session's.
        """
        check_form(self.request, self.viewer, csrf)

    # ---- units

    @property
    def units(self) -> Units:
        """The units of the tracked documents that the viewer may see; looked up once for a
        request."""
        found: Units | None = getattr(self.request.state, "units", None)
        if found is None:
            found = self.request.state.units = self.service.register(
                self.viewer.actor
            ).tracked.known
        return found

    def unit_meant(self, words: str) -> str | None:
        """The id of the unit that a field names; None where it is empty.

        Raises:
            UnknownUnitError: no duty that the viewer may see names such a unit.
            AmbiguousUnitError: several units have the name.
        """
        if not words.strip():
            return None
        # Pages of documents for reference lead to lists of their units: empty, but no error.
        known = (
            self.units if self.units.find(words) else self.service.register(self.viewer.actor).known
        )
        return known.one(words).id

    def unit_choices(self) -> list[tuple[str, str]]:
        """Ids and names of the units that bear a task, those that bear most first."""
        counts = self.service.register(self.viewer.actor).tracked.units()
        return [(c.unit_id, c.label) for c in counts]

    # ---- days

    def day(self, printed: str) -> date:
        """The day that a form names; today where it names none.

        Raises:
            DubanError: it is no day.
        """
        return read_day(printed) or self.service.today()

    def near(self, day: date | None = None) -> str:
        """The two ends of the days that count as near: 2026-11-24 至 2026-12-23."""
        first = day or self.service.today()
        return describe_ends(first, last_of(first, DUE_SOON), self.language)

    def local(self, moment: datetime | str) -> str:
        """A moment in the settings' time zone: 2026-11-24 09:30."""
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return at.astimezone(ZoneInfo(self.service.settings.timezone)).strftime("%Y-%m-%d %H:%M")

    # ---- addresses

    def link(self, **changes: object) -> str:
        """This page's address with some of its query changed; None and '' take a part out."""
        query = dict(self.request.query_params)
        query |= {key: "" if value is None else str(value) for key, value in changes.items()}
        shown = urlencode({key: value for key, value in query.items() if value})
        path = quote(self.request.url.path)
        return f"{path}?{shown}" if shown else path

    # ---- answers

    def show(self, template: str, http: int = 200, **context: Any) -> HTMLResponse:
        """A page."""
        notice = read_notice(self.request)
        page = _environment().get_template(template).render(
            s=self, t=self.t, n=self.names, person=self.viewer.person, csrf=self.viewer.csrf,
            notice=notice, Action=Action, path=self.request.url.path, **context,
        )  # fmt: skip
        response = HTMLResponse(page, http)
        if notice is not None:
            response.delete_cookie(_NOTICE_COOKIE)
        return response

    def go(self, path: str, notice: str = "", *, failed: bool = False) -> RedirectResponse:
        """On to another page (after a form), with a notice on it."""
        response = RedirectResponse(path, 303)
        if notice:
            said = quote(json.dumps([failed, notice[:600]]))
            response.set_cookie(
                _NOTICE_COOKIE, said, max_age=60, httponly=True, samesite="lax",
                secure=over_tls(self.request),
            )  # fmt: skip
        return response

    def attempt(self, act: Callable[[], T], back: str, done: str | Callable[[T], str]) -> Response:
        """Do what a form asks and go back, telling how it went (`done`, of what it gave). What is refused leaves the form
        there as it was filled in; what nobody may is an error page instead."""
        try:
            result = act()
        except (DeniedError, UnauthenticatedError):
            raise
        except DubanError as error:
            return self.refused(error, back)
        return self.go(back, done if isinstance(done, str) else done(result))

    def refused(self, error: DubanError, back: str) -> Response:
        """The page that a refused form stood on, filled in as it was sent, with the reason; where
        that page has no such form any more, that page with the reason alone, or that there is no
        such thing."""
        why = self.told(told_of(error)[0])
        texts, files = sent_fields(self.request)
        page = page_at(self.request, back, (True, why))
        missed = self.t("文件不能由浏览器代为保留，请重新选择：{files}", files="{files}")
        filled = page and refill(page, self.request.url.path, texts, files, why, missed)
        if not filled and isinstance(error, NotFoundError):
            raise error
        if not filled:
            return self.go(back, why, failed=True)
        return HTMLResponse(filled, status_of(error)[0])


def screen_of(request: Request, service: ServiceOf, viewer: ViewerOf) -> Screen:
    """The screen of a request."""
    return Screen(request, service, viewer, language_of(request, service.settings.language))


def language_of(request: Request, usual: str) -> str:
    """The language that a browser chose, else the settings'."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else usual


ScreenOf = Annotated[Screen, Depends(screen_of)]


def _reading(screen: ScreenOf) -> Screen:
    require_for(screen.viewer, Action.READ)
    return screen


def _signed_in(screen: ScreenOf) -> Screen:
    if screen.viewer.person is None:
        raise UnauthenticatedError("请先登录 / sign in first")
    return screen


Reading = Annotated[Screen, Depends(_reading)]
"""The screen of someone who may read."""
SignedIn = Annotated[Screen, Depends(_signed_in)]
"""The screen of someone known."""


def allowed(action: Action) -> Callable[[Screen], Screen]:
    """A dependency: the screen of someone who may take `action`."""

    def check(screen: ScreenOf) -> Screen:
        require_for(screen.viewer, action)
        return screen

    return check


def read_day(printed: str) -> date | None:
    """A day written 2026-11-24; None where nothing is written.

    Raises:
        DubanError: it is no day.
    """
    return check_asked(parse_day(printed.strip())) if printed.strip() else None


def local_path(given: str, usual: str = "/") -> str:
    """An address on this site, for going back to; anything else becomes `usual`."""
    plain = given.startswith("/") and not given.startswith(("//", "/\\"))
    return given if plain and given.isprintable() and "\\" not in given else usual


def read_notice(request: Request) -> tuple[bool, str] | None:
    """Whether what was asked failed, and what is to be told of it."""
    if NOTICE in request.scope:
        return tuple(request.scope[NOTICE])
    try:
        failed, words = json.loads(unquote(request.cookies.get(_NOTICE_COOKIE, "")))
    except (ValueError, TypeError, RecursionError):
        return None
    return bool(failed), str(words)


def unit_path(unit: str) -> str:
    """The address of a unit's page, by its id or name."""
    return f"/units/{quote(unit, safe='/')}"


def fact_path(document_id: str, fact_id: str) -> str:
    """The address of a fact's exact characters."""
    return f"/documents/{quote(document_id)}?fact={quote(fact_id)}#here"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.service.pages"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.globals |= {"asset": asset, "unit_path": unit_path, "fact_path": fact_path}
    environment.filters |= {"oneline": oneline, "breaks": breaks, "by_unit": by_unit}
    return environment


def oneline(text: str) -> str:
    """Words without line ends."""
    return " ".join(text.split())


def by_unit(units: Iterable[Bearer]) -> list[tuple[Bearer, list[Role]]]:
    """Each unit once, with its roles."""
    found: dict[str, tuple[Bearer, list[Role]]] = {}
    for bearer in units:
        found.setdefault(bearer.unit_id, (bearer, []))[1].append(bearer.role)
    return list(found.values())


def breaks(path: str) -> Markup:
    """A clause's path that may break after its slashes."""
    return Markup("/<wbr>").join(path.split("/"))


@lru_cache(maxsize=32)
def asset(name: str) -> str:
    """The address of a file in `static`, new where its bytes are."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
