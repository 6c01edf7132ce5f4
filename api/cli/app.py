"""The command line of `duban`: its commands, put together, and what every one of them does with options that
all have and with errors."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typer

from api.cli import (
    access_commands,
    asking_commands,
    delivery_commands,
    digest_commands,
    document_commands,
    exchange_commands,
    governance_commands,
    knowledge_commands,
    mcp_commands,
    serve_commands,
    tracker_commands,
)
from api.cli.printing import printing, shows
from api.cli.state import (
    ActAs,
    JsonOption,
    Lang,
    Run,
    StoreOption,
)
from api.settings import SettingError
from kb.disk import disk_error
from kb.errors import DubanError

_CONTEXT = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="duban",
    help="督办: 政策文件里的任务、责任单位、时限和目标 / duties in policy documents: who, by when, how much.",
    no_args_is_help=True,
    add_completion=False,
    context_settings=_CONTEXT,
    pretty_exceptions_enable=False,
)


def run(arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Run one command line and give its exit code. Nothing that duban raises shows a traceback."""
    with printing() as fault:
        code = _run(arguments, environ, folder)
    return fault.code if fault.code is not None else code


@cache
def _commands() -> Callable[..., Any]:
    """The commands with their options, made of the functions' signatures once a process."""
    return typer.main.get_command(app)


def _run(arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    words, taken = take_global([as_said(word) for word in arguments])
    language = taken["--lang"]
    if language is None and not environ.get("DUBAN_LANG") and not shows("督办"):
        environ = {**environ, "DUBAN_LANG": "en"}  # a terminal that shows no Chinese
    state = Run(environ, folder)
    try:
        state.choose(taken["--store"], language, taken["--as"])
        state.settings  # noqa: B018 - a wrong setting is told before any work
        result = _commands()(args=words, obj=state, standalone_mode=False)
    except DubanError as error:
        _tell(error, "en" if (language or environ.get("DUBAN_LANG")) == "en" else "zh")
        return 2 if isinstance(error, SettingError) else 1
    except BrokenPipeError:
        raise  # whoever read has gone: see `printing`
    except typer.Exit as leave:
        return leave.exit_code
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("已中断 / interrupted", err=True)
        return 130
    except typer.BadParameter as error:
        typer.echo(f"用法不对 / usage: {error.format_message()}", err=True)
        return 2
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            typer.echo(f"用法不对 / usage: {error.format_message()}", err=True)
            typer.echo("看帮助: duban --help / for help: duban --help", err=True)
            return int(error.exit_code)
        fault: DubanError | None = disk_error(error)
        if fault is None and isinstance(error, UnicodeError):
            fault = DubanError(
                "文字里有不能保存的字符, 请检查终端的编码 / the words hold characters that cannot be kept: check the terminal's encoding",
                hint="LANG=C.UTF-8",
            )
        if fault is None:
            raise
        _tell(fault, "en" if (language or environ.get("DUBAN_LANG")) == "en" else "zh")
        return 1
    return int(result) if isinstance(result, int) and result else state.code


def as_said(word: str) -> str:
    """A word of the command line in UTF-8, which is what is typed, whatever encoding the terminal
    claims; the name of a file that is there stays as it is."""
    try:
        said = os.fsencode(word).decode("utf-8")
    except UnicodeError:
        return word
    return word if said == word or Path(word).exists() else said


def take_global(arguments: Sequence[str]) -> tuple[list[str], dict[str, str | None]]:
    """Split off `--store X`, `--lang X` and `--as X`, which may stand before or after the command."""
    rest: list[str] = []
    taken: dict[str, str | None] = {"--store": None, "--lang": None, "--as": None}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest.extend([word, *words])
        elif name in taken:
            taken[name] = value if equals else next(words, "")
        else:
            rest.append(word)
    return rest, taken


def _tell(error: DubanError, language: str) -> None:
    side = 1 if language == "en" else 0

    def words(text: str) -> str:
        parts = text.split(" / ", 1)
        return parts[side] if len(parts) == 2 else text

    where = f"{error.path}: " if error.path else ""
    typer.echo(f"{where}{words(error.message)}", err=True)
    if error.hint:
        typer.echo(f"  {words(error.hint)}", err=True)


@app.callback()
def _global(
    store: StoreOption = None,
    lang: Lang = None,
    login: ActAs = None,
) -> None:
    """督办 duban: 政策文件里的任务 / the duties in policy documents."""


knowledge_commands.register(app)
asking_commands.register(app)


@app.command()
def verify(context: typer.Context, as_json: JsonOption = False) -> None:
    """核对整个库: 原件、事项、办理、日志 / check the whole store: sources, facts, progress, log."""
    from api.cli import governance  # noqa: PLC0415

    state: Run = context.obj
    state.code = governance.verify(state, [], as_json)


@app.command()
def version(as_json: JsonOption = False) -> None:
    """版本 / the version."""
    from importlib.metadata import version as installed  # noqa: PLC0415

    number: Any = installed("duban")
    typer.echo(json.dumps({"version": number}) if as_json else f"duban {number}")


tracker_commands.register(app)
governance_commands.register(app)
digest_commands.register(app)
exchange_commands.register(app)
delivery_commands.register(app)
serve_commands.register(app)
mcp_commands.register(app)
access_commands.register(app)
document_commands.register(app)
