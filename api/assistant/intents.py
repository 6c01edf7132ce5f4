"""What a question asks for, and of which roles, by the words that it is asked with."""

from __future__ import annotations

import re
from enum import StrEnum

from kb.language.roles import Role


class Intent(StrEnum):
    """What a question asks for."""

    WHO = "who"
    TASKS_OF_UNIT = "tasks-of-unit"
    DEADLINE = "deadline"
    DUE = "due"
    OVERDUE = "overdue"
    TARGET = "target-value"
    SOURCE = "trace"
    PLANS = "plans"
    LIST = "list"
    MEMBERS = "members"
    COUNT = "aggregate"
    POLICY = "policy-lookup"
    HEADER = "document"
    CONTACT = "contact"
    CLAUSE = "definition"


# The first that matches decides; Chinese and English side by side.
_INTENTS = (
    (Intent.CONTACT, r"电话|手机|联系方式|邮箱|微信号|身份证|姓名|叫什么名字|(?:领导|局长|主任|书记|校长|负责人|区长|县长|市长|处长|科长)(?:是谁|叫什么|姓什么)|phone|telephone|e-?mail|contact details|name of the (?:director|head|leader|official|secretary|mayor)|who is the (?:director|head|mayor|secretary)"),
    (Intent.HEADER, r"索引号|发文字号|成文日期|发布日期|印发日期|发布机构|发文机关|哪(?:个|一级)?(?:机关|政府|单位)(?:印发|发布|发)的|什么时候(?:印发|发布|发)的|index number|issuing (?:body|authority|agency)|(?:who|which office) issued|date of (?:issue|publication)|when was (?:it|this|the (?:notice|document|plan)) (?:issued|published)|publication date|(?:本|这个?|该)(?:通知|文件)的?文号"),
    (Intent.MEMBERS, r"成员单位|领导小组(?:成员|由哪些|有哪些)|小组的?成员|members? of the (?:leading|steering)|member (?:units|organi[sz]ations|departments)"),
    (Intent.SOURCE, r"出自|来源|(?:哪|那)个?(?:计划|文件)的?哪|哪一?条(?!例)|第几条|出处|依据条款|依据是|根据哪|原文|溯源|where does|come from|which clause|source (?:of|clause)|\btrace\b|what is the basis"),
    (Intent.POLICY, r"文号|(?:哪|什么)(?:个|部|项|些|份)?[一-龥]{0,4}(?:条例|办法|法律|法规|文件|规定|意见|通知|标准|方案|指南|纲要|法)(?!里|中|的)|引用|document number|reference number|number of the (?:document|notice)|which (?:regulation|law|document|policy|rule|standard|guideline)s?\b|what (?:regulation|law|policy document)"),
    (Intent.OVERDUE, r"逾期|超期|过期|过了期限|拖得?最?久|拖着(?:没|不)|(?:没有?|未)按[时期](?:完成|办结|办完|交)|到期(?:了)?(?:没有?|未|还没)(?:完成|办)|过了时限|超过期限|已经?到期|已过期限|该完成(?:而|却|但)?|overdue|past due|behind schedule|slipped|late\b|missed (?:its|their|the) deadline|already (?:passed|due)|deadlines? (?:have|has) (?:already )?passed"),
    (Intent.PLANS, r"(?:哪[些几十]|几|多少|列出|哪(?:[一二三四五六七八九十]+))个?[^,。;]{0,4}(?:行动)?计划|计划[^,。;]{0,4}(?:有|是|包括|共|分别)?(?:哪(?:些|几个|几|[一二三四五六七八九十]+个)|几个|多少个)[?]*$|which plans|list (?:[a-z]+ ){0,3}plans|how many plans|what are the (?:[a-z]+ ){0,3}(?:action )?plans"),
    (Intent.COUNT, r"(?:一共|总共|共|合计)?有?(?:多少|(?<!哪)几)(?:项|条|个)?(?:任务|工作|条款|指标|目标|事项)|(?:多少|(?<!哪)几)(?:项|条)|(?<!哪)几家单位|多少(?:个|家)(?:单位|部门)|(?:哪个|哪家|什么)(?:单位|部门)[^,。]{0,8}最多|最多的(?:单位|部门)|谁的任务(?:更|最)?多|哪(?:个|家)(?:单位|部门)?(?:的)?任务(?:更|最)多|who has more (?:tasks|duties)|how many (?:tasks|duties|clauses|targets|units|departments|agencies|organi[sz]ations|items|milestones)|(?:which|what) (?:unit|department|agency|body)[^?]{0,30}\bmost\b"),
    (Intent.DUE, r"到期的|(?:要|会|将|须|必须|需要)到期|有.{0,6}到期|(?:前|底)(?:要|须|应|必须)?完成(?:的|哪些|什么)|之前要?完成|应完成|要完成(?:什么|哪些)|督办清单|快要?到(?:期|时间|日子|点)|快截止|临近|临期|将(?:要)?到期|马上(?:要|就要)?(?:到期|截止)|要办(?:完|结)|(?:该|要)(?:交|办|做完)(?:什么|哪些|啥|的)|\bdue\b(?! date)|to be (?:done|completed|finished) by|(?:be|get) (?:done|completed|finished|delivered)\b|upcoming|coming up|what(?:'s| is) next\b|next deadline|(?:expire|fall due)"),
    (Intent.DEADLINE, r"什么时候|还[剩差有](?:多少|几)天|days (?:left|remain)|何时|哪一?年|哪个?月|几月|时限|期限|截止|时间节点|多久|几个月内|多长时间|最晚|最迟|到期|^(?:and |so |but )?(?:by |until |since )?when\b|deadline|by what date|by which year|due date|how (?:long|soon)|what year"),
    (Intent.WHO, r"谁|(?:哪|那)(?:些|个|几家|两家|几个|一家|家|[一二三四五六七八九十]家|[一二三四五六七八九十]个)(?:主要|责任|牵头|配合|成员|相关)?(?:部门|单位|机构|局|委办)?(?:负责|管|来|牵头|得管|要|的责任|承担|参与|配合)|哪(?:些|个|几个|几家|两家)(?:部门|单位|机构)|什么(?:部门|单位)|哪家|哪几家|责任单位|牵头单位|配合单位|责任部门|主管部门|归(?:谁|哪)|找(?:谁|哪)|由.{0,8}(?:负责|牵头|承担)|who\b|whom\b|whose|(?:which|what) (?:[a-z]+ )?(?:departments?|ministr(?:y|ies)|authorit(?:y|ies)|units?|organi[sz]ations?|agenc(?:y|ies)|bod(?:y|ies)|offices?|bureaus?|commissions?)|responsible"),
    (Intent.TARGET, r"多少|百分之几|几(?:个|所|名|间|台|人|家|次|元|平方米|成|课时|学时|级|位|天|小时)|目标值|多大|多高|(?:最多|最少|至少|上限|下限|不(?:能|得)?(?:少于|低于|超过))|哪(?:个|类|种)(?:更)?(?:高|低|大|小|多|少)|达到什么|指标(?:值|是)|比例是|how (?:many|much|large|big|high)|what (?:percentage|share|proportion|rate|ratio|(?:is|are) the (?:[a-z,'-]+ ){0,5}(?:cap|limit|maximum|minimum|target|standard|ratio|upper|lower|value|number|amount|quota|rate|threshold)s?\b)|\bin yuan\b|percent|target|\bmaximum\b|\bminimum\b|at (?:least|most)|per cent"),
    (Intent.TASKS_OF_UNIT, r"哪些任务|什么任务|哪些事|什么事|干什么|干啥|做啥|做什么|干哪些|职责|任务(?:有|是)|有任务|负责(?:什么|哪些|啥)|(?:管|做|抓)(?:什么|哪些|啥)|涉及.{0,4}(?:列|任务)|tasks?\b|dut(?:y|ies)|what (?:does|must|should|do|is)\b.*\b(?:do|responsible)|responsibilit|obligations?"),
    (Intent.LIST, r"哪(?:[一二三四五六七八九十]+|几)(?:项|个|类|种|方面|条|点|步|所)|哪些|哪里|有什么|列出|清单|包括|包含|分为|what are the|list\b|which\b|name the"),
)  # fmt: skip
_ROLES = (
    (r"牵头|\blead(?:s|ing)?\b", (Role.LEAD,)),
    (r"配合|协助|协同|joint|assist|participat|support", (Role.JOINT,)),
    (r"监督|督导|监管|supervis|oversee|monitor", (Role.SUPERVISE,)),
    (r"审批|审查|备案|批准|审定|审核|核准|approv|\breview|assess", (Role.APPROVE,)),
)


_LISTED_ROLES = (
    (r"牵头|主办|\b(?:lead(?:s|ing)?|led)\b", Role.LEAD),
    (r"配合|协助|协办|协同|\bsupporting\b|\bassist", Role.JOINT),
    (r"(?:监督|督导|监管)的|\bsupervis", Role.SUPERVISE),
    (r"(?:审批|审核|审定)的|\bapprov", Role.APPROVE),
)
"""Roles that limit a list of a unit's duties; other words may be what the duties are about."""


def find_roles(low: str, bare: str, intent: Intent, *, has_unit: bool) -> tuple[Role, ...]:
    """The roles that a question asks about; `bare` is it without the names of units."""
    if intent is Intent.WHO:
        return tuple(r for pattern, found in _ROLES if re.search(pattern, low) for r in found)
    return tuple(role for pattern, role in _LISTED_ROLES if has_unit and re.search(pattern, bare))


def find_intent(low: str, *, has_unit: bool) -> Intent:
    """What a question asks for, by its words."""
    for intent, pattern in _INTENTS:
        if not re.search(pattern, low):
            continue
        if intent is Intent.WHO and has_unit and re.search(
            r"负责(?:什么|哪些|啥)|(?:哪些|什么)(?:任务|事|工作)|tasks|duties|干什么|干啥|做什么|responsible for what", low
        ):  # fmt: skip
            return Intent.TASKS_OF_UNIT
        if intent is Intent.TASKS_OF_UNIT and not has_unit:
            continue
        if intent is Intent.LIST and has_unit and re.search(r"负责|要做|要干|管", low):
            return Intent.TASKS_OF_UNIT
        if intent is Intent.COUNT and re.search(r"(?:多少|几)项(?!任务|工作|目标|指标|事项|条)[一-龥]{2}", low) and not has_unit:  # fmt: skip
            continue
        return intent
    if has_unit and re.search(
        r"参与|参加|负责|牵头|配合|有关|管不管|involved|take part|participat", low
    ):
        return Intent.WHO
    if re.search(r"负责(?!制|人)|责任(?!制|险|人)", low):
        return Intent.TASKS_OF_UNIT if has_unit else Intent.WHO
    return Intent.CLAUSE
