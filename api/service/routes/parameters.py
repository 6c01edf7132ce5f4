"""What lists of duties are narrowed by: the same words mean the same at every address."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute

from kb.days import AskedDay
from kb.language.roles import Role
from tasks.due import State
from tasks.lifecycle import Status

AsOf = Annotated[AskedDay | None, Query(description="以这一天为准, 默认今天 / default: today")]
Unit = Annotated[str, Query(max_length=200, description="单位名称或编号 / a unit's name or id")]
Plan = Annotated[str, Query(max_length=200, description="计划标题中的字 / words of a plan's title")]
Document = Annotated[
    str,
    Query(
        max_length=64,
        description="文件编号, 仅供查阅的也列 / a document's id, one for reference too",
    ),
]
Roles = Annotated[
    list[Role],
    Query(alias="role", description="角色, 可多个 / roles, may be repeated", default_factory=list),
]
Statuses = Annotated[
    list[Status | State],
    Query(
        alias="status",
        default_factory=list,
        description="办理或时限状态, 可多个 / states of the cycle or of the deadline",
    ),
]
Inherited = Annotated[
    bool, Query(description="也列只有计划期限的 / those due by their plan's end too")
]
Within = Annotated[
    int,
    Query(
        ge=1,
        le=3650,
        description="多少天内算快到期, 从当天算起 / so many days are soon, the day itself the first",
    ),
]
GroupBy = Literal["unit", "plan", "role", "days"]


async def refuse_unknown(request: Request) -> None:
    """A dependency of every operation: a parameter of the query that it does not have is an error.
    A misspelt filter would else give the whole list.

    Raises:
        RequestValidationError: names the parameters that there are none of, and those that there
            are.
    """
    known = _known_by(request.scope["route"])
    strange = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if strange:
        there = "、".join(known) or "—"
        said = f"没有这个参数, 有: {there} / no such parameter; there are: {there}"
        raise RequestValidationError([
            {"type": "extra_forbidden", "loc": ("query", name), "msg": said, "input": None}
            for name in strange
        ])  # fmt: skip


def _known_by(route: APIRoute) -> tuple[str, ...]:
    """The names of a route's own parameters in the query, its dependencies' with them."""
    fields = get_flat_params(route.dependant)
    found = (f.alias for f in fields if getattr(f.field_info, "in_", None) is ParamTypes.query)
    return tuple(dict.fromkeys(found))
