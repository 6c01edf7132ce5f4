"""What every command shares: its options, the settings, for whom it acts, the exit code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.settings import LANGUAGES, Settings, read_settings
from kb.days import DayError, check_asked, read_day
from kb.errors import NotFoundError, StoreError, both

if TYPE_CHECKING:
    from api.cli.output import Output
    from tasks.authorisation import Actor
    from tasks.store import Store

_Choice = TypeVar("_Choice", bound=StrEnum)
DAY = "YYYY-MM-DD"
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
IndexOption = Annotated[
    bool, typer.Option("--index/--no-index", help="同时更新索引 / bring the index in step too")
]


def _day(printed: str) -> date:
    try:
        return read_day(printed)
    except DayError as error:
        raise typer.BadParameter(error.message) from error


AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of", parser=_day, metavar=DAY, help="以这一天为准, 默认今天 / default: today"
    ),
]
On = Annotated[
    date | None,
    typer.Option("--on", parser=_day, metavar=DAY, help="日期, 默认今天 / day, default today"),
]
DueBefore = Annotated[
    date | None,
    typer.Option("--due-before", parser=_day, metavar=DAY, help="这天或之前到期 / due by"),
]
NewDate = Annotated[
    date | None,
    typer.Option("--date", parser=_day, metavar=DAY, help="新的时限 / new due date"),
]
Unit = Annotated[str | None, typer.Option("--unit", help="单位, 如 区教委 / a unit")]
Plan = Annotated[str, typer.Option("--plan", help="计划标题中的字 / words of the plan's title")]
Document = Annotated[
    str,
    typer.Option(
        "--document", help="文件编号, 仅供查阅的也列 / a document's id, one for reference too"
    ),
]
StoreOption = Annotated[
    str | None, typer.Option("--store", help="库: SQLAlchemy URL 或文件 / the store: URL or file")
]
Lang = Annotated[str | None, typer.Option("--lang", help="zh 或 en / zh or en")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="牵头、责任、配合…… / lead, responsible, joint…"),
]
ActAs = Annotated[
    str | None, typer.Option("--as", help="以此登录名行事 / act for this person (DUBAN_AS)")
]


class Run:
    """What a command needs: settings, the output, the exit code so far."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.environ = environ
        self.folder = folder
        self.code = 0
        self._store: str | None = None
        self._language: str | None = None
        self.login = environ.get("DUBAN_AS", "")

    def choose(self, store: str | None, language: str | None, login: str | None) -> None:
        """Take the global options, wherever they stood."""
        if language is not None and language not in LANGUAGES:
            raise typer.BadParameter(f"{language}: zh | en", param_hint="--lang")
        self._store = store or self._store
        self._language = language or self._language
        self.login = self.login if login is None else login

    @property
    def settings(self) -> Settings:
        """Settings of this run."""
        return read_settings(self.environ, self.folder, store=self._store, language=self._language)

    def day(self, as_of: date | None) -> date:
        """The day a question is asked about."""
        return check_asked(as_of) if as_of else self.settings.today()

    def out(self, as_json: bool) -> Output:
        """Where results are printed."""
        from api.cli.output import Output  # noqa: PLC0415 - Rich is slow to import

        return Output(as_json=as_json, language=self.settings.language)

    @contextmanager
    def acting(self, *, migrate: bool = True) -> Iterator[tuple[Store, Actor]]:
        """The open store and who acts on it: the person named by `--as` or DUBAN_AS, else the
        console, which may do all that someone who holds the store's file could do anyway.

        Raises:
            StoreError: there is no store yet.
            NotFoundError: nobody active has that sign-in name.
        """
        from tasks.people import People  # noqa: PLC0415 - not needed for --help
        from tasks.store import Store  # noqa: PLC0415

        need_store(self.settings)
        with Store.open(self.settings.store_url, migrate=migrate) as store:
            yield store, People(store).actor(self.login)


def choice(kind: type[_Choice], printed: str, option: str) -> _Choice:
    """The member of an enumeration that an option names.

    Raises:
        typer.BadParameter: it is none of them, which are told.
    """
    try:
        return kind(printed)
    except ValueError:
        names = " | ".join(member.value for member in kind)
        raise typer.BadParameter(f"{printed}: {names}", param_hint=option) from None


def need_store(settings: Settings) -> None:
    """Raise where there is no store yet: a command that only reads must not make an empty one.

    Raises:
        StoreError: saying what to run first.
    """
    file = settings.store_file
    if file is not None and not file.exists():
        raise StoreError(
            "还没有库 / there is no store yet",
            hint="先运行 duban ingest 文件或目录 / first run: duban ingest PATH",
            path=file,
        )


def say_reference(reference: Collection[str], document: str, out: Output) -> None:
    """Say of a list of one document that it is for reference, where it is."""
    if document in reference:
        out.say(
            f"该文件仅供查阅, 任务不列入督办; 要列入: duban documents track {document} --reason …",
            f"it is for reference, its duties are on no list; to take them up: duban documents track {document} --reason …",
        )  # fmt: skip


def require_document(document: str, known: Iterable[str]) -> None:
    """Refuse a `--document` that there is none of.

    Raises:
        NotFoundError: no current document has that id.
    """
    if document and document not in set(known):
        raise NotFoundError(f"没有文件 {document} / no document {document}", hint="duban documents")


def require_plan(words: str, titles: Iterable[str]) -> None:
    """Refuse words of `--plan` that no plan's title holds: a list of nothing would look like an answer.

    Raises:
        NotFoundError: none holds them; the hint lists the first titles.
    """
    known = list(dict.fromkeys(titles))
    if words and not any(words in title for title in known):
        raise NotFoundError(
            f"没有标题含“{words}”的计划 / no plan's title holds {words!r}",
            hint=both(
                f"共 {len(known)} 个计划",
                f"{len(known)} plan(s)",
                "、".join(known[:12]) + "……" * (len(known) > 12),
            ),
        )
