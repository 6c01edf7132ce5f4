"""Settings from the environment and the command line; the one place that reads the clock."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.recognising import MOST_PAGES
from kb.errors import DubanError

DEFAULT_TIMEZONE = "Asia/Shanghai"
LANGUAGES = ("zh", "en")
NEAR_PROXIES = ("127.0.0.1", "::1")
"""Where a proxy on the same machine comes from."""


_MOST_PAGES = 10_000


class SettingError(DubanError):
    """A setting has a value that duban cannot use; the message names the setting."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run needs to know of its surroundings.

    `store` is an SQLAlchemy URL or the path of a SQLite file; `home` the folder of what duban
    writes; `language` `zh` or `en`; `timezone` an IANA name; `embedding_model` the bundled
    model's name (or empty), a local folder or a name on the model hub; `model_cache` the folder
    where the bundled model is written once; `chroma_url` a Chroma server, empty for our own;
    `reranker` a cross-encoder, empty for none; `llm_url` an OpenAI-compatible endpoint, empty for answers without a language model.
    `public_read` says whether public documents are read without signing in (None: only where the
    service is bound to a loopback address); `checkpoints` the file, outside the store, to which
    checkpoints of the log are appended (None: nowhere); `public_metrics` the same of the metrics; `session_hours` how long a sign-in lasts; `read_seconds` how long one file may be read; `recognised_pages` how many pages of pictures one file may have; `base_url`
    the address that people see (for links and cookies); `hosts` further names under which the
    service is reached; `behind_tls` that a proxy with TLS stands in front; `proxies` the addresses
    of proxies whose `X-Forwarded-For` is believed; `government` the home government (重庆市万州区),
    whose duties are supervised, empty for the first local issuer of a document.
    """

    home: Path
    store: str
    language: str
    timezone: str
    embedding_model: str = ""
    model_cache: Path = field(default_factory=lambda: default_cache({}).expanduser())
    chroma_url: str = ""
    reranker: str = ""
    llm_url: str = ""
    llm_model: str = ""
    llm_key: str = field(default="none", repr=False)
    llm_timeout: float = 30.0
    checkpoints: Path | None = None
    public_read: bool | None = None
    public_metrics: bool | None = None
    session_hours: float = 12.0
    read_seconds: float = 2 * 3600.0
    recognised_pages: int = MOST_PAGES
    base_url: str = ""
    behind_tls: bool = False
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = NEAR_PROXIES
    government: str = ""

    @property
    def kept_pages(self) -> Path:
        """The folder in which recognised pages are kept, so that a reading goes on where it was."""
        return self.home / "pages"

    @property
    def store_url(self) -> str:
        """`store` as an SQLAlchemy URL."""
        if "://" in self.store:
            return self.store
        return f"sqlite:///{at_home(Path(self.store)).absolute()}"

    @property
    def store_file(self) -> Path | None:
        """The file of a SQLite store, None for a server or a store in memory."""
        prefix = "sqlite:///"
        url = self.store_url
        name = url.removeprefix(prefix).partition("?")[0]
        return Path(name) if url.startswith(prefix) and name not in ("", ":memory:") else None

    def now(self) -> datetime:
        """The present moment in `timezone`.

        Raises:
            SettingError: no such time zone.
        """
        try:
            return datetime.now(ZoneInfo(self.timezone))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SettingError(
                f"没有这个时区: {self.timezone} / no such time zone: {self.timezone}",
                hint="DUBAN_TIMEZONE=Asia/Shanghai",
            ) from error

    def today(self) -> date:
        """Today's date in `timezone`, the default of every `--as-of`."""
        return self.now().date()


def choose_language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language of help and messages: the last `--lang` before a `--`, else DUBAN_LANG, else zh.

    An unknown value of `--lang` counts as Chinese here; the command line refuses it afterwards.
    """
    chosen = environ.get("DUBAN_LANG", "")[:2].lower()
    for index, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--lang" and index + 1 < len(arguments):
            chosen = arguments[index + 1]
        elif argument.startswith("--lang="):
            chosen = argument.removeprefix("--lang=")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def read_settings(
    environ: Mapping[str, str],
    working_folder: Path,
    *,
    store: str | None = None,
    language: str | None = None,
) -> Settings:
    """Settings of one run; an argument wins over the environment.

    Args:
        environ: `DUBAN_STORE`, `DUBAN_HOME`, `DUBAN_LANG`, `DUBAN_TIMEZONE`,
            `DUBAN_GOVERNMENT`, `DUBAN_EMBEDDING_MODEL`, `DUBAN_CACHE`, `DUBAN_CHROMA_URL`, `DUBAN_RERANKER`, `DUBAN_CHECKPOINTS` and `DUBAN_LLM_URL`,
            `_MODEL`, `_KEY`, `_TIMEOUT` are read of it.
        working_folder: where `var/` lies when `DUBAN_HOME` is not set.
        store: `--store`.
        language: `--lang`.
    """
    home = Path(environ.get("DUBAN_HOME") or working_folder / "var").expanduser()
    return Settings(
        home=home,
        store=store or environ.get("DUBAN_STORE") or str(home / "duban.db"),
        language=language or choose_language((), environ),
        timezone=environ.get("DUBAN_TIMEZONE") or DEFAULT_TIMEZONE,
        embedding_model=environ.get("DUBAN_EMBEDDING_MODEL") or "",
        model_cache=at_home(Path(environ.get("DUBAN_CACHE") or default_cache(environ))),
        chroma_url=environ.get("DUBAN_CHROMA_URL") or "",
        reranker=environ.get("DUBAN_RERANKER") or "",
        llm_url=environ.get("DUBAN_LLM_URL") or "",
        llm_model=environ.get("DUBAN_LLM_MODEL") or "",
        llm_key=environ.get("DUBAN_LLM_KEY") or "none",
        llm_timeout=_seconds(environ.get("DUBAN_LLM_TIMEOUT") or "30"),
        checkpoints=Path(kept).expanduser() if (kept := environ.get("DUBAN_CHECKPOINTS")) else None,
        public_read=_switch(environ, "DUBAN_PUBLIC_READ"),
        public_metrics=_switch(environ, "DUBAN_PUBLIC_METRICS"),
        read_seconds=_seconds(
            environ.get("DUBAN_READ_SECONDS") or "7200", "DUBAN_READ_SECONDS", 7 * 86400
        ),
        recognised_pages=_pages(environ.get("DUBAN_RECOGNISED_PAGES") or ""),
        session_hours=_hours(environ.get("DUBAN_SESSION_HOURS") or "12"),
        base_url=(environ.get("DUBAN_BASE_URL") or "").rstrip("/"),
        behind_tls=bool(_switch(environ, "DUBAN_BEHIND_TLS")),
        hosts=_listed(environ, "DUBAN_HOSTS"),
        proxies=_proxies(environ),
        government=_government(environ.get("DUBAN_GOVERNMENT") or ""),
    )


def _government(printed: str) -> str:
    printed = "".join(printed.split())
    if not printed:
        return ""
    from kb.language.jurisdictions import detect_jurisdiction  # noqa: PLC0415 - not needed for --help

    if detect_jurisdiction(printed).place is None:
        raise SettingError(
            f"DUBAN_GOVERNMENT 要写地方全称, 不是 {printed} / must be a place's full name",
            hint="DUBAN_GOVERNMENT=重庆市万州区",
        )
    return printed


def _listed(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    parts = (environ.get(name) or "").replace(",", " ").split()
    return tuple(dict.fromkeys(part.lower() for part in parts))


def _proxies(environ: Mapping[str, str]) -> tuple[str, ...]:
    given = _listed(environ, "DUBAN_PROXIES")
    for part in given:
        try:
            network = ipaddress.ip_network(part)
        except ValueError:
            network = None
        # Whoever is believed can call themselves anyone, and guess passwords without end.
        if network is None or network.prefixlen == 0:
            raise SettingError(
                f"DUBAN_PROXIES 要是代理的地址或网段, 不是 {part} / must be addresses or networks of proxies",
                hint="DUBAN_PROXIES=10.0.0.5,10.1.0.0/24",
            )
    return given or NEAR_PROXIES


def _seconds(printed: str, name: str = "DUBAN_LLM_TIMEOUT", most: int = 3600) -> float:
    try:
        value = float(printed)
    except ValueError:
        value = 0.0
    if not 0 < value < most:
        raise SettingError(
            f"{name} 要是 0 到 {most} 的秒数, 不是 {printed} / must be seconds, 0 to {most}",
            hint=f"{name}=30",
        )
    return value


def _pages(printed: str) -> int:
    if not printed:
        return MOST_PAGES
    if not printed.isdecimal() or not 0 < int(printed) <= _MOST_PAGES:
        raise SettingError(
            f"DUBAN_RECOGNISED_PAGES 要是 1 到 {_MOST_PAGES} 的页数, 不是 {printed} / must be pages, 1 to {_MOST_PAGES}",
            hint="DUBAN_RECOGNISED_PAGES=300",
        )
    return int(printed)


def _switch(environ: Mapping[str, str], name: str) -> bool | None:
    printed = (environ.get(name) or "").strip().lower()
    if not printed:
        return None
    if printed in ("1", "yes", "true", "on"):
        return True
    if printed in ("0", "no", "false", "off"):
        return False
    raise SettingError(
        f"{name} 要是 yes 或 no, 不是 {printed} / must be yes or no", hint=f"{name}=yes"
    )


def _hours(printed: str) -> float:
    try:
        value = float(printed)
    except ValueError:
        value = 0.0
    if not 0 < value <= 720:
        raise SettingError(
            f"DUBAN_SESSION_HOURS 要是 0 到 720 的小时数, 不是 {printed} / must be hours, 0 to 720",
            hint="DUBAN_SESSION_HOURS=12",
        )
    return value


def at_home(path: Path) -> Path:
    """A path with `~` read.

    Raises:
        SettingError: it begins with `~`, and nobody knows where that is: HOME is not set.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise SettingError(
            f"不知道主目录在哪里: {path} / there is no home folder: {path}",
            hint="请设 HOME, 或 DUBAN_HOME 和 DUBAN_CACHE / set HOME, or DUBAN_HOME and DUBAN_CACHE",
        ) from error


def default_cache(environ: Mapping[str, str]) -> Path:
    """Where models are kept between projects: the user's cache folder."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache")) / "duban" / "models"
