"""Which bytes are which document: by what they are and what they print, never by a file's name."""

import pytest

from kb.errors import ConflictError, DeniedError, NotFoundError, TransitionError
from tasks import audit, schema
from tasks.adding import Added
from tasks.authorisation import CONSOLE
from tasks.exports.rows import export_rows
from tasks.lifecycle import Command, Step
from tasks.review import ReviewKind
from tasks.settling import read_reviews, settle_all, unsettled
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.version_doubts import Likeness, Order, VersionVerdict, doubts_seen_by, settle_doubt
from tasks.visibility import (
    Level,
    Visibility,
    narrower,
    read_visibility,
    set_visibility,
    visible_documents,
)
from tasks.withdrawal import withdraw_document
from tests.tasks.prepared import verify
from tests.tasks.samples import (
    NOW,
    OFFICER,
    PLAN,
    READER,
    SUPERVISOR,
    TODAY,
    milestone_of,
    read,
    unit_of,
)

NUMBER, TITLE = "某区府办发〔2024〕1号", "某区防汛工作方案（2024—2026年）"
OTHER_NUMBER = PLAN.replace(NUMBER, "某区府办发〔2025〕9号")
OTHER_TITLE = PLAN.replace(TITLE, "某区防旱工作方案（2024—2026年）")
CHANGED = PLAN.replace("20处", "30处")
NO_NUMBER = PLAN.replace(f"{NUMBER}\n", "")
RESTRICTED = Visibility(level=Level.RESTRICTED, units=(unit_of("区教委"),))
INTERNAL = Visibility(level=Level.INTERNAL)


@pytest.fixture
def empty(store_url):
    with Store.open(store_url) as store:
        yield store


def put(store: Store, words: str, name: str = "通知.txt", **options) -> Added:
    extraction, data = read(words, name)
    return store.add(extraction, data, recorded_at=NOW, **options)


def level_of(store: Store, document_id: str) -> Visibility:
    with store.reading() as connection:
        return read_visibility(connection).get(document_id, Visibility())


def doubts(store: Store, actor=SUPERVISOR) -> list:
    with store.reading() as connection:
        return doubts_seen_by(connection, actor)


@pytest.mark.parametrize(
    ("first", "second", "status", "evidence"),
    [
        (PLAN, CHANGED, "new-version", ()),
        (PLAN, CHANGED.replace("〔2024〕", "[2024]"), "new-version", ()),
        (PLAN, CHANGED.replace(TITLE, "某区防汛工作方案(2024—2026年)"), "new-version", ()),
        (PLAN, OTHER_NUMBER, "added", (Likeness.TITLE, Likeness.NAME)),
        (PLAN, OTHER_TITLE, "added", (Likeness.NUMBER, Likeness.NAME)),
        (PLAN, NO_NUMBER, "added", (Likeness.TITLE, Likeness.NAME)),
        (NO_NUMBER, NO_NUMBER.replace("20处", "30处"), "added", (Likeness.TITLE, Likeness.NAME)),
        ("各单位：\n请做好防汛工作。\n", "各学校：\n请做好防火工作。\n", "added", (Likeness.NAME,)),
        # A number that the text cites is not its own.
        (
            f"关于防汛的通知\n根据{NUMBER}，请做好防汛工作。\n",
            f"关于防汛的通知\n根据{NUMBER}，请做好防火工作。\n",
            "added",
            (Likeness.TITLE, Likeness.NAME),
        ),
    ],
)
def test_a_version_only_where_number_and_title_agree(empty, first, second, status, evidence):
    before = put(empty, first)
    added = put(empty, second)
    assert added.status == status
    assert [v.evidence for v in added.possible_versions] == ([evidence] if evidence else [])
    assert len(empty.documents()) == (1 if status == "new-version" else 2)
    found = [(d.document_id, d.other_id) for d in doubts(empty)]
    assert found == ([(added.document_id, before.document_id)] if evidence else [])
    listed = [i for i in read_reviews(empty, SUPERVISOR, empty.extractions()) if i.kind is ReviewKind.VERSION]  # fmt: skip
    assert [i.fact_id for i in listed] == [d.id for d in doubts(empty)]


def test_the_file_name_says_nothing(empty):
    first = put(empty, PLAN, "甲.txt")
    assert put(empty, PLAN, "乙.txt").status == "unchanged"
    added = put(empty, CHANGED, "乙.txt")
    assert (added.status, added.superseded) == ("new-version", first.document_id)
    assert put(empty, "各学校：\n请做好防火工作。\n", "丙.txt").possible_versions == ()


def test_of_two_that_agree_neither_is_taken(empty):
    first = put(empty, PLAN)
    second = put(empty, OTHER_NUMBER)
    [doubt] = doubts(empty)
    settle_doubt(empty, SUPERVISOR, doubt.id, VersionVerdict.SEPARATE, "两份", NOW)
    third = put(empty, CHANGED.replace(NUMBER, f"{NUMBER} "), replaces=second.document_id)
    assert third.superseded == second.document_id
    fourth = put(empty, PLAN.replace("20处", "50处"))
    assert fourth.status == "added", "two current documents print this number and this title"
    assert {v.document_id for v in fourth.possible_versions} == {first.document_id, third.document_id}  # fmt: skip


def dated(day: str, words: str = PLAN) -> str:
    """A text with the day of its signature."""
    return f"{words}\n某区人民政府办公室\n{day}\n"


MAY, AUGUST = dated("2025年5月6日"), dated("2025年8月1日", CHANGED)


def everything(store: Store) -> list:
    """All that a store holds, row for row."""
    with store.reading() as connection:
        return [connection.execute(table.select()).all() for table in schema.metadata.sorted_tables]


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        (MAY, AUGUST, None),
        (AUGUST, MAY, Order.EARLIER),
        (MAY, dated("2025年5月6日", CHANGED), None),  # corrected
        (MAY, CHANGED, Order.UNKNOWN),
        (CHANGED, MAY, Order.UNKNOWN),
    ],
)
def test_the_printed_day_says_which_is_the_newer_and_not_the_order_they_come_in(
    empty, first, second, order
):
    before = put(empty, first, "a-rev.txt")
    set_visibility(empty, CONSOLE, before.document_id, INTERNAL, NOW)
    added = put(empty, second, "b-orig.txt")
    assert added.status == ("added" if order else "new-version")
    assert [v.order for v in added.possible_versions] == ([order] if order else [])
    stands = everything(empty)
    for _ in range(2):  # the folder is read again, and again
        again = [put(empty, first, "a-rev.txt").status, put(empty, second, "b-orig.txt").status]
        assert again == ["unchanged" if order else "superseded", "unchanged"]
    assert everything(empty) == stands, "what is there already changes nothing"
    assert level_of(empty, before.document_id) == INTERNAL
    if order is None:
        return
    [doubt] = doubts(empty)
    newer = before if order is Order.EARLIER else added
    assert doubt.document_id == newer.document_id
    settle_doubt(empty, SUPERVISOR, doubt.id, VersionVerdict.VERSION, "查过", NOW)
    [now] = empty.documents()
    assert (now.document.id, now.version) == (newer.document_id, 2)
    assert verify(empty).sound


def test_what_is_brought_once_more_is_never_current_by_that(empty):
    first = put(empty, MAY)
    put(empty, AUGUST)
    [now] = empty.documents()
    again = put(empty, MAY)
    assert (again.status, again.replaced_by) == ("superseded", now.document.id)
    assert [d.document.id for d in empty.documents()] == [now.document.id]
    withdraw_document(empty, CONSOLE, now.document.id, "误传", NOW)
    assert put(empty, MAY).status == "superseded"
    assert first.document_id == again.document_id


def test_a_withdrawn_document_gives_way_to_one_of_its_own_day(empty):
    wrong = put(empty, MAY)
    withdraw_document(empty, CONSOLE, wrong.document_id, "误传", NOW)
    assert put(empty, dated("2025年5月6日", CHANGED)).superseded == wrong.document_id


def test_a_person_says_what_it_replaces(empty):
    first = put(empty, PLAN)
    with pytest.raises(NotFoundError, match="doc-none"):
        put(empty, OTHER_TITLE, replaces="doc-none")
    added = put(empty, OTHER_TITLE, replaces=first.document_id)
    assert (added.status, added.superseded) == ("new-version", first.document_id)
    [now] = empty.documents()
    assert (now.version, now.lineage) == (2, first.document_id)
    with pytest.raises(ConflictError, match=added.document_id):
        put(empty, OTHER_NUMBER, replaces=first.document_id)
    assert len(empty.documents(superseded=True)) == 2, "what is refused leaves nothing"


def test_superseded_bytes_come_back_where_a_person_says_so_only(empty):
    first = put(empty, PLAN)
    second = put(empty, OTHER_TITLE, replaces=first.document_id)
    again = put(empty, PLAN)
    assert (again.status, again.document_id, again.replaced_by) == ("superseded", first.document_id, second.document_id)  # fmt: skip
    assert [d.document.id for d in empty.documents()] == [second.document_id]
    back = put(empty, PLAN, replaces=second.document_id)
    assert (back.status, back.superseded) == ("new-version", second.document_id)
    third = put(empty, CHANGED)
    assert third.superseded == first.document_id
    again = put(empty, PLAN)
    assert (again.status, again.replaced_by) == ("superseded", third.document_id), "nobody said so"


def report(store: Store) -> str:
    key = milestone_of(store, "整治隐患")
    Tracker(store).perform(OFFICER, Command(step=Step.ACCEPT, milestone_id=key, on=TODAY), NOW)
    return key


def test_a_person_settles_a_doubt_as_a_new_version(empty):
    first = put(empty, PLAN)
    report(empty)
    second = put(empty, OTHER_NUMBER)
    [doubt] = doubts(empty)
    for actor, key, reason, error in (
        (OFFICER, doubt.id, "是", DeniedError),
        (SUPERVISOR, "versions-none", "是", NotFoundError),
        (SUPERVISOR, doubt.id, " ", TransitionError),
    ):
        with pytest.raises(error):
            settle_doubt(empty, actor, key, VersionVerdict.VERSION, reason, NOW)
    item = next(i for i in read_reviews(empty, SUPERVISOR, empty.extractions()) if i.kind is ReviewKind.VERSION)  # fmt: skip
    with pytest.raises(TransitionError, match="是其新版本"):
        settle_all(empty, SUPERVISOR, [item], "看过", NOW)
    assert len(empty.documents()) == 2, "until then nothing is superseded"
    settle_doubt(empty, SUPERVISOR, doubt.id, VersionVerdict.VERSION, "重新编号", NOW)
    [now] = empty.documents()
    assert (now.document.id, now.version, now.lineage) == (second.document_id, 2, first.document_id)
    assert Tracker(empty).life(milestone_of(empty, "整治隐患")).steps == 1
    assert Tracker(empty).replay() == Tracker(empty).lives()
    assert doubts(empty) == []
    with empty.reading() as connection:
        [entry] = audit.read(connection, action="version.settled")
        assert not audit.verify_chain(connection).faults
    assert (entry.actor, entry.reason, entry.detail["verdict"]) == ("wang", "重新编号", "version")


def test_or_as_another_document(empty):
    put(empty, PLAN)
    put(empty, OTHER_NUMBER)
    [doubt] = doubts(empty)
    settle_doubt(empty, SUPERVISOR, doubt.id, VersionVerdict.SEPARATE, "两份", NOW)
    assert (doubts(empty), len(empty.documents())) == ([], 2)


def test_a_doubt_goes_by_the_present_versions(empty):
    first = put(empty, PLAN)
    put(empty, OTHER_NUMBER)
    newer = put(empty, CHANGED)
    [doubt] = [d for d in doubts(empty) if Likeness.TITLE in d.evidence]
    assert (newer.superseded, doubt.other_id) == (first.document_id, newer.document_id)
    withdraw_document(empty, CONSOLE, newer.document_id, "误传", NOW)
    assert doubts(empty) == []


@pytest.mark.parametrize("words", [OTHER_NUMBER, OTHER_TITLE, NO_NUMBER])
def test_another_document_of_the_same_name_opens_nothing(empty, words):
    first = put(empty, PLAN)
    set_visibility(empty, CONSOLE, first.document_id, RESTRICTED, NOW)
    second = put(empty, words)
    set_visibility(empty, CONSOLE, second.document_id, Visibility(), NOW)
    assert level_of(empty, first.document_id) == RESTRICTED
    assert visible_documents(empty, READER, [first.document_id, second.document_id]) == {second.document_id}  # fmt: skip
    # Nor does the doubt tell of it.
    assert doubts(empty, READER) == []
    told = read_reviews(empty, READER, [e for e in empty.extractions() if e.document.id == second.document_id])  # fmt: skip
    assert all(first.document_id not in i.model_dump_json() for i in told)
    # As a new version of it, it is seen by those only who may see both.
    [doubt] = doubts(empty)
    settle_doubt(empty, SUPERVISOR, doubt.id, VersionVerdict.VERSION, "是", NOW)
    assert level_of(empty, second.document_id) == RESTRICTED


def test_visibility_is_a_versions_own_and_never_widens_by_the_way(empty):
    first = put(empty, PLAN)
    set_visibility(empty, CONSOLE, first.document_id, RESTRICTED, NOW)
    second = put(empty, CHANGED)
    assert level_of(empty, second.document_id) == RESTRICTED
    set_visibility(empty, CONSOLE, second.document_id, Visibility(), NOW)
    assert level_of(empty, second.document_id) == Visibility()
    assert level_of(empty, first.document_id) == RESTRICTED, "opened by nobody"
    set_visibility(empty, CONSOLE, first.document_id, Visibility(), NOW)
    set_visibility(empty, CONSOLE, second.document_id, INTERNAL, NOW)
    assert level_of(empty, first.document_id) == INTERNAL, "closed along with it"
    assert put(empty, PLAN).status == "superseded"
    assert put(empty, PLAN, replaces=second.document_id).superseded == second.document_id
    assert level_of(empty, first.document_id) == INTERNAL
    with empty.reading() as connection:
        logged = [(e.subject, e.after["level"]) for e in audit.read(connection, action="document.visibility")]  # fmt: skip
    assert logged == [
        (first.document_id, "restricted"), (second.document_id, "restricted"),
        (second.document_id, "public"), (first.document_id, "public"),
        (second.document_id, "internal"), (first.document_id, "internal"),
    ]  # fmt: skip


A, B, C = unit_of("区教委"), unit_of("区水利局"), unit_of("区应急局")


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (Visibility(), Visibility(), Visibility()),
        (Visibility(), INTERNAL, INTERNAL),
        (INTERNAL, RESTRICTED, RESTRICTED),
        (
            Visibility(level=Level.RESTRICTED, units=(A, B)),
            Visibility(level=Level.RESTRICTED, units=(B, C)),
            Visibility(level=Level.RESTRICTED, units=(B,)),
        ),
        (
            Visibility(level=Level.RESTRICTED, units=(A,)),
            Visibility(level=Level.RESTRICTED, units=(B,)),
            Visibility(level=Level.RESTRICTED),
        ),
    ],
)
def test_narrower(one, other, both):
    assert narrower(one, other) == narrower(other, one) == both


def test_a_new_reading_keeps_visibility_corrections_and_citations(empty):
    extraction, data = read(PLAN)
    empty.add(extraction, data, recorded_at=NOW)
    set_visibility(empty, CONSOLE, extraction.document.id, INTERNAL, NOW)
    report(empty)
    fewer = extraction.model_copy(update={"tasks": extraction.tasks[:2]})
    added = empty.add(fewer, data, recorded_at=NOW, refresh=True)
    assert level_of(empty, added.document_id) == INTERNAL
    assert Tracker(empty).life(milestone_of(empty, "整治隐患")).steps == 1
    cited = extraction.tasks[3]
    assert empty.load(extraction.document.id).tasks[3].span == cited.span


def test_what_is_settled_in_one_file_is_open_in_another_of_its_name(empty):
    doubtful = "一、任务\n1.整治隐患。2025年前整治隐患点20处以上。（责任单位：区水利局）\n"
    put(empty, f"关于防汛的通知\n{doubtful}")
    second = put(empty, f"关于防旱的通知\n{doubtful}")
    items = [i for i in read_reviews(empty, SUPERVISOR, empty.extractions()) if i.kind is ReviewKind.AMBIGUOUS]  # fmt: skip
    assert len({i.key for i in items}) == 2
    first = next(i for i in items if i.document_id != second.document_id)
    settle_all(empty, SUPERVISOR, [first], "已核对", NOW)
    still = unsettled(empty, items)
    assert [i.document_id for i in still] == [second.document_id]


def test_calendars_tell_files_of_one_name_apart(empty):
    put(empty, PLAN)
    put(empty, OTHER_NUMBER)
    uids = [row.uid for row in export_rows(empty, TODAY)]
    assert len(set(uids)) == len(uids)
