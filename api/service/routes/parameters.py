"""What lists of duties are narrowed by: the same words mean the same at every address."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query

from tasks.due import State
from tasks.lifecycle import Status
from tasks.models import Role

AsOf = Annotated[date | None, Query(description="以这一天为准, 默认今天 / default: today")]
Unit = Annotated[str, Query(max_length=200, description="单位名称或编号 / a unit's name or id")]
Plan = Annotated[str, Query(max_length=200, description="计划标题中的字 / words of a plan's title")]
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
    int, Query(ge=0, le=3650, description="多少天内算快到期 / so many days ahead are soon")
]
GroupBy = Literal["unit", "plan", "role", "days"]
