"""A small plan whose facts are plain, for tests of formats."""

from __future__ import annotations

PLAN = """某区义务教育行动计划

一、主要任务

（一）改扩建学校。2025年底前新建学校20所。责任单位：区教委、区财政局。

（二）配齐教师。2026年底前招聘教师300人。责任单位：区教委。
"""
