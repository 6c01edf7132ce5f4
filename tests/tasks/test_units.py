"""Whom a name means; how stores of before, which kept names, come to keep ids."""

import json
from collections import Counter

import pytest
from sqlalchemy import insert, select, text, update

from kb.language.organisations import FunctionEntry
from kb.lexicon import load_lexicon
from tasks import audit, schema
from tasks.addresses import Addresses
from tasks.authorisation import CONSOLE, PersonRole
from tasks.people import People, Person
from tasks.queries import Register
from tasks.store import Store
from tasks.tracker import Tracker, bearing_units
from tasks.units import AmbiguousUnitError, UnknownUnitError, read_units, title_of, unit_key
from tasks.visibility import Level, Visibility, may_see, read_visibility, visible_units
from tests.stores import passing_store
from tests.tasks.samples import NOW, read, set_back


def notice(place: str, unit: str = "区教委") -> str:
    return f"""重庆市{place}人民政府办公室
关于印发{place}校园安全工作方案（2024—2026年）的通知

{place}校园安全工作方案（2024—2026年）
一、主要任务
1.整治{place}周边。到2025年6月底前，整治校园周边隐患10处以上。（责任单位：{unit}、区公安局）
2.加强{place}宣传。（责任单位：各镇乡街道）
"""


def put(store: Store, place: str, unit: str = "区教委") -> str:
    extraction, data = read(notice(place, unit), f"{place}.txt")
    return store.add(extraction, data, recorded_at=NOW).document_id


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("万州区/education", "万州区/education"),
        ("万州区教委", "万州区/education"),
        ("万州区教育局", "万州区/education"),  # a former or other name
        ("重庆市万州区教委", "万州区/education"),
        ("万州区各镇乡街道", "万州区/各镇乡街道"),
        ("区教委", AmbiguousUnitError),
        ("教委", AmbiguousUnitError),
        ("各镇乡街道", AmbiguousUnitError),
        # of no document, by its place
        ("万州区财政局", "万州区/finance"),
        ("云阳县教委", "云阳县/education"),
        ("云阳县/education", "云阳县/education"),
        ("云阳县/各镇乡街道", "云阳县/各镇乡街道"),
        ("教育部", "国家/education"),
        ("浙江省教育厅", "浙江省/education"),
        ("区财政局", UnknownUnitError),
        ("万州区/nonsense", UnknownUnitError),
        ("/education", UnknownUnitError),
        ("x/education", UnknownUnitError),
        ("某某", UnknownUnitError),
    ],
)
def test_whom_somebody_is_bound_to(words, key):
    with passing_store() as store:
        for place in ("万州区", "开州区"):
            put(store, place)
        with store.reading() as connection:
            known = read_units(connection)
    if isinstance(key, str):
        assert known.bind(words) == key
        return
    with pytest.raises(key, match=" / ") as raised:
        known.bind(words)
    if key is AmbiguousUnitError:
        assert [title_of(k) for k, _ in raised.value.candidates] == [t for _, t in raised.value.candidates]  # fmt: skip
        assert len(raised.value.candidates) == 2
    assert known.settle(words) == words.replace("/", "／")


@pytest.mark.parametrize(
    ("place", "unit", "unit_id", "key", "title"),
    [
        ("万州区", "区教委", "万州区/education", "万州区/education", "万州区教委"),
        ("万州区", "某 某办", None, "万州区/某某办", "万州区某某办"),
        (None, "某某办", None, "-/某某办", "某某办"),
        ("万州区", "市教委", "市/education", "万州区/市/education", "市教委（万州区）"),
        (None, "区教委", "区县/education", "区县/education", "区教委"),
        ("万州区", "团区委", "万州区/youth-league", "万州区/youth-league", "团万州区委"),
        ("万州区", "教育部", "国家/education", "国家/education", "教育部"),
    ],
)
def test_ids_and_full_names(place, unit, unit_id, key, title):
    assert unit_key(place, unit, unit_id) == key
    assert title_of(key) == title


def of_before(url: str, place_of_second: str | None) -> dict[str, str]:
    """A store that keeps names, as before; the documents by place."""
    with Store.open(url) as store:
        found = {place: put(store, place) for place in ("万州区", place_of_second) if place}
        person = Person(login="li", name="李", role=PersonRole.UNIT_OFFICER, units=("万州区教委",))
        People(store).add(CONSOLE, person, NOW)
        with store.writing() as connection:
            connection.execute(text("DELETE FROM person_unit"))
            names = ("区教委", "区公安局", "没有的办", "万州区/education")
            rows = [{"login": "li", "unit": name} for name in names]
            connection.execute(insert(schema.person_unit), rows)
            key = found["万州区"]
            kept = {"document_id": key, "level": "restricted", "units": json.dumps(["区教委"])}
            connection.execute(insert(schema.visibility), kept)
            for unit in ("区教委", "总览"):
                to = {"unit": unit, "channel": "email", "target": "a@x.cn", "secret": ""}
                connection.execute(insert(schema.address), to)
            a = schema.assignment
            connection.execute(update(a).where(a.c.unit == "各镇乡街道").values(unit_id=None))
            set_back(connection, "0004")
    return found


def test_a_name_of_one_unit_becomes_its_id(store_url):
    found = of_before(store_url, None)
    with Store.open(store_url) as store:
        li = People(store).get("li")
        assert set(li.units) == {"万州区/education", "万州区/public-security", "没有的办", "万州区／education"}  # fmt: skip
        assert set(li.unsettled) == {"没有的办", "万州区／education"}
        with store.reading() as connection:
            seen = read_visibility(connection)[found["万州区"]]
            assert seen == Visibility(level=Level.RESTRICTED, units=("万州区/education",))
            assert may_see(li.actor(), seen).allowed
            entries = [e for e in audit.read(connection) if e.action == "units.bound"]
            assert not audit.verify_chain(connection).faults
            ids = set(connection.scalars(select(schema.assignment.c.unit_id)))
        assert ids == {"万州区/education", "万州区/public-security", "万州区/各镇乡街道"}
        assert {k for k, _ in Addresses(store).all()} == {"万州区/education", "总览"}
        told = {e.subject: e.after for e in entries}
        assert told["person:li"]["区教委"] == "万州区/education"
        assert told["person:li"]["没有的办"] is None


def test_a_name_of_two_means_nobody_until_somebody_picks(store_url):
    found = of_before(store_url, "开州区")
    with Store.open(store_url) as store:
        people = People(store)
        li = people.get("li")
        assert li.units == li.unsettled
        with store.reading() as connection:
            seen = read_visibility(connection)[found["万州区"]]
        assert (seen.units, seen.unsettled) == (("区教委",), ("区教委",))
        assert not may_see(li.actor(), seen).allowed
        milestone = store.load(found["万州区"]).tasks[0].milestones[0].id
        bearing = bearing_units(Tracker(store).row(milestone))
        assert not set(bearing) & set(li.units)
        assert [a.settled for a in Addresses(store).all().values()] == [False, True]
        # What is not touched may stay; what is picked is an id.
        people.change(CONSOLE, li.model_copy(update={"name": "李四"}), NOW)
        assert people.get("li").unsettled == li.units
        people.change(CONSOLE, li.model_copy(update={"units": ("万州区教委",)}), NOW)
        assert people.get("li").units == ("万州区/education",)


TWICE = """重庆市万州区人民政府办公室
关于印发万州区校园安全工作方案（2024—2026年）的通知

万州区校园安全工作方案（2024—2026年）
一、主要任务
1.整治周边。到2025年6月底前，整治校园周边隐患10处以上。（责任单位：万州区教委、区公安局）
2.加强宣传。（责任单位：区教委、各相关部门）
3.加强演练。（责任单位：相关部门）
"""


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("区教委", ["整治周边", "加强宣传"]),
        ("万州区教委", ["整治周边", "加强宣传"]),
        ("万州区/education", ["整治周边", "加强宣传"]),
        ("相关部门", ["加强宣传", "加强演练"]),
        ("各相关部门", ["加强宣传", "加强演练"]),
        ("区财政局", []),
    ],
)
def test_a_unit_bears_its_tasks_by_each_name_that_is_printed(name, titles):
    register = Register([read(TWICE)[0]])
    assert [p.task.title for p in register.tasks_of(name)] == titles
    assert [p.task.title for p in register.locally_named.tasks_of(name)] == titles


def test_two_names_of_a_unit_in_one_duty_have_its_id():
    text = f"{TWICE}4.加强督查。（责任单位：万州区教委、区教委）\n"
    register = Register([read(text)[0]])
    placed = next(p for p in register.tasks() if p.task.title == "加强督查")
    assert {a.unit: key for a, key in register.assigned(placed)} == dict.fromkeys(
        ("万州区教委", "区教委"), "万州区/education"
    )


def test_what_finds_units_in_sentences_has_one_name_of_each():
    register = Register([read(TWICE)[0]])
    assert {a.unit for p in register.tasks() for a in p.task.responsibilities} == {
        "万州区教委", "区教委", "区公安局", "各相关部门", "相关部门"
    }  # fmt: skip
    named = register.locally_named
    assert {a.unit for p in named.tasks() for a in p.task.responsibilities} == {
        "区教委", "区公安局", "相关部门"
    }  # fmt: skip
    assert {u.unit_id: u.tasks for u in named.units()} == {
        u.unit_id: u.tasks for u in register.units()
    }
    plain = Register([read()[0]])
    assert plain.locally_named is plain, "nothing to rename"


def test_every_alias_of_the_lexicon_means_what_the_printed_name_means():
    """Each name that the lexicon has for a body, with and without the level or the place before it,
    gives the id under which the printed one bears its duties."""
    entries = load_lexicon("functions", FunctionEntry)
    bodies = Counter(w for e in entries for w in {*e.local, *e.former, *e.lay})
    for place in ("万州区", "云阳县"):
        end = place[-1]
        printed = [f"{end}{e.prefix}{e.local[0]}" for e in entries]
        duties = [f"{n}.办好事项。（责任单位：{name}）" for n, name in enumerate(printed, 1)]
        head = f"重庆市{place}人民政府办公室\n关于印发{place}工作方案（2024—2026年）的通知\n\n{place}工作方案（2024—2026年）\n一、主要任务\n"
        with passing_store() as store:
            extraction, data = read(head + "\n".join(duties) + "\n", f"{place}.txt")
            store.add(extraction, data, recorded_at=NOW)
            with store.reading() as connection:
                known = visible_units(connection, CONSOLE)
        there = {unit.id for unit in known.all()}
        assert len(there) > 0.9 * len(entries)
        wrong = []
        for e in entries:
            own = f"{place}/{e.function}"
            if own not in there:
                continue
            named = [
                f"{level}{e.prefix}{w}" for w in (*e.local, *e.former) for level in (end, place)
            ]
            for words in (*named, *e.local, *e.former, *e.lay, *(f"{place}{w}" for w in e.lay)):
                found = [unit.id for unit in known.find(words)]
                if bodies[words] > 1 and found and own in there:
                    continue  # 督查室 is one of the party's and one of the government's
                if found != [own]:
                    wrong.append((words, found, own))
        assert not wrong
