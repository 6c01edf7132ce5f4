"""Commands that read documents, keep the index and find clauses in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.state import IndexOption, JsonOption, Run

index_app = typer.Typer(no_args_is_help=True, help="向量索引 / the vector index")
evaluate_app = typer.Typer(no_args_is_help=True, help="评测 / measuring")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (ingest, search, extract, explain):
        app.command(command.__name__)(command)
    app.add_typer(index_app, name="index")
    app.add_typer(evaluate_app, name="evaluate")


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="文件或目录 / files or folders")],
    refresh: Annotated[
        bool, typer.Option("--refresh", help="重读已入库的文件 / read stored files again")
    ] = False,
    replaces: Annotated[
        str,
        typer.Option(
            "--replaces",
            help="它是哪份文件的新版本 (编号) / the id of the document whose new version it is",
        ),
    ] = "",
    index: IndexOption = True,
    as_json: JsonOption = False,
) -> None:
    """读入文件 / read documents into the store."""
    from api.cli import ingesting  # noqa: PLC0415

    state: Run = context.obj
    state.code = ingesting.ingest(
        state.settings, paths, state.out(as_json), refresh=refresh, replaces=replaces, index=index
    )


@index_app.command("rebuild")
def index_rebuild(context: typer.Context, as_json: JsonOption = False) -> None:
    """重建索引 / write the index anew."""
    from api.cli import knowledge  # noqa: PLC0415

    knowledge.rebuild(context.obj.settings, context.obj.out(as_json))


@index_app.command("status")
def index_status(context: typer.Context, as_json: JsonOption = False) -> None:
    """索引与库是否一致 / whether the index is in step with the store."""
    from api.cli import knowledge  # noqa: PLC0415

    state: Run = context.obj
    state.code = knowledge.status(state.settings, state.out(as_json), deep=False)


@index_app.command("verify")
def index_verify(context: typer.Context, as_json: JsonOption = False) -> None:
    """逐个检查向量 / check every vector."""
    from api.cli import knowledge  # noqa: PLC0415

    state: Run = context.obj
    state.code = knowledge.status(state.settings, state.out(as_json), deep=True)


@evaluate_app.command("retrieval")
def evaluate_retrieval(
    context: typer.Context,
    corpus: Annotated[Path, typer.Option("--corpus", help='{"id","title","text"} JSON Lines')],
    queries: Annotated[Path, typer.Option("--queries", help='{"id","text"} JSON Lines')],
    target: Annotated[Path, typer.Option("--out", help="qid<TAB>docid<TAB>rank")],
    depth: Annotated[int, typer.Option("--depth", help="每问结果数 / results a query")] = 100,
) -> None:
    """用任意语料评测检索 / run the retriever over any corpus."""
    from api.cli import knowledge  # noqa: PLC0415

    state: Run = context.obj
    out = state.out(as_json=False)
    knowledge.evaluate_retrieval(state.settings, corpus, queries, target, out, depth=depth)


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="要找的内容 / what to look for")],
    plan: Annotated[
        str, typer.Option("--plan", help="计划标题中的字 / words of a plan's title")
    ] = "",
    unit: Annotated[str, typer.Option("--unit", help="责任单位 / a unit")] = "",
    year: Annotated[
        int | None, typer.Option("--year", help="时限年份 / a year of deadlines")
    ] = None,
    document: Annotated[str, typer.Option("--document", help="文件编号 / a document's id")] = "",
    validity: Annotated[str, typer.Option("--validity", help="有效性, 如 有效 / as printed")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="条数 / how many")] = 10,
    as_json: JsonOption = False,
) -> None:
    """检索条款, 显示各部分得分 / find clauses, with their scores by part."""
    from api.cli import knowledge  # noqa: PLC0415
    from kb.retrieval import Filter  # noqa: PLC0415

    state: Run = context.obj
    wanted = Filter(year=year, document=document, validity=validity)
    out = state.out(as_json)
    state.code = knowledge.search(state.settings, query, wanted, unit, plan, limit, out)


def extract(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="文件 / a file")],
    as_json: JsonOption = False,
    text_out: Annotated[
        Path | None, typer.Option("--text-out", help="把抽出的正文写到 / write the text to")
    ] = None,
) -> None:
    """抽取一个文件, 不入库 / read one file, store nothing."""
    from api.cli import extracting  # noqa: PLC0415

    state: Run = context.obj
    extracting.extract(file, state.out(as_json), text_out, state.settings)


def explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="文件 / a file")],
    span: Annotated[
        str, typer.Argument(help="正文里的位置, 起-止 / a place of its text, START-END")
    ],
    as_json: JsonOption = False,
) -> None:
    """某处的单位、时间、数量为何这样读 / why what stands at a place was read as it was."""
    from api.cli import extracting  # noqa: PLC0415

    state: Run = context.obj
    extracting.explain(file, span, state.out(as_json), state.settings)
