"""Every entry of the lexicon does what its examples say."""

from datetime import date

import pytest

from api.assistant.asked import Asked, AskedWords, asked_kinds
from api.assistant.cues import says
from api.assistant.dialogue import Going, goes
from api.assistant.function_words import FunctionWords, english_words
from api.assistant.orders import Instruction, without_instructions
from api.assistant.topics import AskingWords, Mistyped, as_meant, topic_words
from api.assistant.window_words import DatePhrase, WindowWords
from api.assistant.windows import find_window
from ingest.attendance import AttendanceKind, AttendanceWords
from ingest.columns import ColumnHead, read_column
from ingest.deadlines import PaceWords, find_pace
from ingest.drafts import LabelKind, LabelWords, is_addressed
from ingest.duties import HeadingWords, kind_of_heading
from ingest.furniture import FurnitureEntry, is_furniture
from ingest.header import Header
from ingest.header_conflicts import named_in
from ingest.indicators import name_indicators
from ingest.layout import LayoutKind, LayoutWords, LineKind, find_lines, is_title, signed_by
from ingest.leftovers import FormulaWords, formula
from ingest.metadata import MetadataLabel, find_metadata
from ingest.outline import parse_outline
from ingest.pipeline import extract_bytes
from ingest.policies import RelationWords
from ingest.quantity_features import AroundWords, find_around
from ingest.reading import normalize_characters
from ingest.recurrences import ConditionWord, ConditionWords, with_bounds
from ingest.scopes import ScopeEntry
from ingest.secrecy import is_secrecy_marking
from ingest.superseded import ChangeWords, find_change_words
from ingest.time_events import EventWords, find_event_words
from ingest.time_features import BesideWords, find_beside
from ingest.titles import is_letterhead
from kb.expansion import QueryExpander, QuestionWords, Synonym, Term, translate
from kb.language.comparators import ComparatorEntry
from kb.language.jurisdictions import (
    Jurisdiction,
    Level,
    PlaceKind,
    PlaceWords,
    detect_jurisdiction,
    level_of,
)
from kb.language.measures import MeasureEntry, NumberWords
from kb.language.numerals import NumeralCharacter, find_numerals, normalize_number
from kb.language.organisations import (
    FunctionEntry,
    GroupEntry,
    OrganisationEntry,
    UnitEdge,
    organisations_for,
)
from kb.language.parties import find_parties
from kb.language.party_words import WordKind as PartyWordKind
from kb.language.party_words import is_defined, is_exempt, party_words
from kb.language.quantities import find_quantities
from kb.language.roles import (
    RoleWordKind,
    best_role_words,
    find_role_words,
    oversees,
    role_words,
)
from kb.language.time_readings import PlanningPeriod, TimeWord
from kb.language.times import find_times
from kb.lexicon import WordEntry, load_lexicon
from tasks.home import issuers_of

DISTRICT = Jurisdiction(place="万州区", level=Level.DISTRICT, parents=("重庆市",))
STATE = Jurisdiction(place="国家", level=Level.STATE)


def words_and_sentences(kind, entries):
    """(words, a sentence, whether one of the words holds in it) of entries that have `holds` and
    `not_`."""
    for entry in entries:
        for holds, sentences in ((True, entry.holds), (False, entry.not_)):
            yield from ((entry, sentence, holds) for sentence in sentences)


def test_words_of_roles(subtests):
    for entry, sentence, holds in words_and_sentences("role", role_words()):
        with subtests.test(kind=str(entry.kind), sentence=sentence):
            if entry.kind is RoleWordKind.OVERSEER:
                assert oversees(sentence) is holds
                continue
            found = best_role_words(find_role_words(sentence))
            said = {
                sentence[t.start : t.end]
                for t in found
                if t.kind == entry.kind and t.value == entry.role
            }
            assert bool(said & set(entry.words)) is holds


def test_words_of_parties(subtests):
    """A word that a name may end in ends one there; one that looks like it ends none."""
    for entry, sentence, holds in words_and_sentences("party", party_words()):
        if entry.kind is PartyWordKind.DEFINER:
            with subtests.test(kind=str(entry.kind), sentence=sentence):
                parties = find_parties(sentence)
                assert parties
                assert any(is_defined(sentence, p.end) for p in parties) is holds
        if entry.kind is PartyWordKind.EXEMPTION:
            with subtests.test(kind=str(entry.kind), sentence=sentence):
                ends = [p.end for p in find_parties(sentence)]
                assert any(is_exempt(sentence, end) for end in ends) is holds
        if entry.kind in (PartyWordKind.CALLED, PartyWordKind.FORMER, PartyWordKind.HEAD):
            with subtests.test(kind=str(entry.kind), sentence=sentence):
                tails = [sentence[p.named_to : p.end] for p in find_parties(sentence)]
                assert any(tail.lstrip("(").startswith(entry.words) for tail in tails) is holds
        if entry.kind not in (PartyWordKind.SUFFIX, PartyWordKind.OTHER):
            continue
        with subtests.test(kind=str(entry.kind), sentence=sentence):
            names = [p.name for p in find_parties(sentence)]
            ends = any(name.endswith(entry.words) for name in names)
            assert ends is (holds and entry.kind is PartyWordKind.SUFFIX)


def test_words_of_places(subtests):
    """What says a place of a level, what is none, what a place stands before."""
    for entry, name, holds in words_and_sentences("place", load_lexicon("place_words", PlaceWords)):
        found = detect_jurisdiction(name)
        with subtests.test(kind=str(entry.kind), name=name):
            match entry.kind:
                case PlaceKind.CENTRAL | PlaceKind.CENTRAL_OFFICE:
                    assert (found.level is Level.STATE) is holds
                case PlaceKind.TOWNSHIP:
                    assert (level_of(name) is Level.TOWNSHIP) is holds
                case PlaceKind.AFTER | PlaceKind.OFFICE | PlaceKind.PARTY:
                    assert (found.place is not None) is holds
                case PlaceKind.CENTRAL_TITLE | PlaceKind.STATE_OFFICE | PlaceKind.BODY_AFTER:
                    assert (issuers_of(None, name) != ()) is holds
                case PlaceKind.OWN | PlaceKind.OWN_AFTER:
                    assert (organisations_for(DISTRICT).resolve(name) is not None) is holds
                case PlaceKind.NO_PLACE:
                    assert (found.place is None) is holds
                case _:
                    assert (found.place or "").endswith(entry.words) is holds


def test_characters_of_numerals(subtests):
    for entry, (text, value) in examples("numerals", NumeralCharacter):
        with subtests.test(character=entry.character, text=text):
            assert {entry.character, *entry.forms} & set(text)
            assert [n.value for n in find_numerals(text)][:1] == [value] == [normalize_number(text)]


def test_words_of_headings(subtests):
    for entry, line, holds in words_and_sentences(
        "heading", load_lexicon("heading_words", HeadingWords)
    ):
        with subtests.test(kind=str(entry.kind), line=line):
            assert (kind_of_heading(line) is entry.kind) is holds


def test_edges_of_units(subtests):
    """A name begins or ends with the character there, or none does."""
    for entry, sentence, holds in words_and_sentences("edge", load_lexicon("unit_edges", UnitEdge)):
        with subtests.test(character=entry.character, sentence=sentence):
            place = 0 if entry.edge == "first" else -1
            units = organisations_for(DISTRICT).find(sentence)
            assert any(m.text[place] == entry.character for m in units) is holds


def examples(name, model):
    return [(entry, example) for entry in load_lexicon(name, model) for example in entry.examples]


def is_of(entry, unit):
    """Whether a unit came from this entry and from no other."""
    if isinstance(entry, FunctionEntry):
        return unit.function == entry.function
    if isinstance(entry, GroupEntry) and entry.forms_are == "units":
        return unit.function is None and unit.name in (entry.name, *entry.forms)
    return unit.name == entry.name


def test_units(subtests):
    """In every jurisdiction: a unit of this very entry, or no unit at all."""
    for entry, example in [
        *examples("functions", FunctionEntry),
        *examples("organisations", OrganisationEntry),
        *examples("groups", GroupEntry),
    ]:
        with subtests.test(entry=str(entry), example=str(example)):
            for jurisdiction in (DISTRICT, STATE):
                found = organisations_for(jurisdiction).find(example.text)
                if example.unit is None:
                    assert [m.name for m in found] == []
                else:
                    named = [m.unit for m in found if m.name == example.unit]
                    assert named, f"{jurisdiction.place}: {[m.name for m in found]}"
                    assert all(is_of(entry, unit) for unit in named)


@pytest.mark.parametrize(
    ("name", "model"),
    [("functions", FunctionEntry), ("organisations", OrganisationEntry), ("groups", GroupEntry)],
)
def test_no_entry_takes_a_name_from_another(name, model):
    keys = [e.function if name == "functions" else e.name for e in load_lexicon(name, model)]
    assert len(keys) == len(set(keys))


def test_scopes(subtests):
    for entry in load_lexicon("scopes", ScopeEntry):
        with subtests.test(entry=str(entry)):
            for text in entry.examples:
                number = find_quantities(text)[-1]
                [target] = name_indicators(text, 0, number, [])
                assert entry.name in (target.scope, target.metric[: len(entry.name)])
                assert (target.scope == entry.name) is not entry.rank


def test_periods(subtests):
    for entry in load_lexicon("periods", PlanningPeriod):
        for text in entry.examples:
            with subtests.test(entry=entry.name, text=text):
                [mention] = find_times(text)[:1]
                assert mention.last is not None
                assert entry.start <= mention.last.year <= entry.end


def test_words_of_time(subtests):
    for entry, example in examples("time_words", TimeWord):
        with subtests.test(words=str(entry.words), text=example.text):
            found = find_times(example.text)
            assert tuple(example.text[t.start : t.end] for t in found) == example.times


def test_comparators(subtests):
    for example in [
        example
        for entry in load_lexicon("comparators", ComparatorEntry)
        for example in entry.examples
    ]:
        with subtests.test(example=str(example)):
            found = find_quantities(example.text)[0]
            assert (found.comparator, found.value) == (example.comparator, example.value)


def test_measures(subtests):
    for entry, example in examples("measures", MeasureEntry):
        with subtests.test(entry=entry.name, example=example):
            assert entry.name in [q.measure for q in find_quantities(example)]


def test_a_form_belongs_to_one_measure():
    forms = [f for e in load_lexicon("measures", MeasureEntry) for f in (e.name, *e.forms)]
    assert len(forms) == len(set(forms))


NO_QUANTITY = ("word", "which", "name-end", "ordinal", "year", "month", "day", "indefinite")


def test_words_with_numerals(subtests):
    """What is no quantity is none, and what looks like it is one all the same."""
    for entry in load_lexicon("number_words", NumberWords):
        for example in entry.examples:
            with subtests.test(use=entry.use, example=example):
                found = find_quantities(example)
                assert (found == []) is (entry.use in NO_QUANTITY), found
        for example in entry.but:
            with subtests.test(use=entry.use, but=example):
                assert find_quantities(example) != []


def test_every_word_that_binds_does(subtests):
    for entry in load_lexicon("comparators", ComparatorEntry):
        if entry.comparator is None or entry.scale_only:
            continue
        for word in entry.words:
            text = f"示范校30所{word}" if entry.use == "after" else f"示范校{word}30所"
            with subtests.test(word=word):
                [found] = find_quantities(text)
                assert found.comparator is not None


def test_no_word_is_a_quantity(subtests):
    for entry in load_lexicon("number_words", NumberWords):
        for word in entry.words if entry.use == "word" else ():
            with subtests.test(word=word):
                assert find_quantities(f"推进{word}工作") == []


def test_english_terms(subtests):
    for entry in load_lexicon("terms", Term):
        for text in entry.examples:
            with subtests.test(english=entry.english, text=text):
                assert entry.chinese in translate(text)[0]


@pytest.fixture(scope="module")
def expander():
    return QueryExpander()


def test_synonyms(expander, subtests):
    for official, text in [
        (entry.official, text)
        for entry in load_lexicon("synonyms", Synonym)
        for text in entry.examples
    ]:
        with subtests.test(official=str(official), text=str(text)):
            assert official in expander.synonyms_in(text)


def test_a_lay_word_means_one_thing():
    words = [word for entry in load_lexicon("synonyms", Synonym) for word in entry.lay]
    assert len(words) == len(set(words))


def test_words_of_asking(expander, subtests):
    for example in [
        example
        for entry in load_lexicon("question_words", QuestionWords)
        for example in entry.examples
    ]:
        with subtests.test(example=str(example)):
            assert "".join(expander.words(example.text)) == example.topic


def test_orders_to_the_assistant_are_taken_out(subtests):
    for example in [
        example for entry in load_lexicon("instructions", Instruction) for example in entry.examples
    ]:
        with subtests.test(example=str(example)):
            assert without_instructions(example.text) == example.rest


@pytest.mark.parametrize(
    ("issuer", "printed", "name"),
    [
        ("浙江省人民政府办公厅", "省教育厅、省财政厅", ["省教育厅", "省财政厅"]),
        ("成都市人民政府", "市公安局、市住建局", ["市公安局", "市住建局"]),
        ("北京市朝阳区人民政府", "区教委、区卫生健康委", ["区教委", "区卫生健康委"]),
        ("国务院办公厅", "教育部、财政部、国家发展改革委", None),
    ],
)
def test_units_of_other_governments(issuer, printed, name):
    found = organisations_for(detect_jurisdiction(issuer)).find(printed)
    assert len(found) == printed.count("、") + 1
    assert all(m.unit is not None for m in found)


def test_the_offices_of_another_level_are_not_ours():
    ours = organisations_for(DISTRICT)
    assert ours.resolve("中央编办") != ours.resolve("区委编办")
    assert ours.resolve("市人力社保局") != ours.resolve("区人力社保局")
    assert "公安" not in "".join(m.name for m in ours.find("接入公安网"))


def test_phrases_of_days(subtests):
    known = [*examples("date_phrases", DatePhrase), *examples("window_words", WindowWords)]
    for _entry, example in known:
        with subtests.test(example=str(example)):
            found, _ = find_window(normalize_characters(example.text), date(2026, 11, 24))
            assert found is not None
            assert (found.start, found.end) == (example.start, example.end)


def test_words_of_asking_are_no_topic(subtests):
    for _entry, example in examples("asking_words", AskingWords):
        with subtests.test(example=str(example)):
            assert topic_words(example.text) == example.topic


def test_function_words_say_nothing_of_a_topic(subtests):
    for entry, example in examples("function_words", FunctionWords):
        with subtests.test(entry=str(entry), example=str(example)):
            ours = english_words()
            assert set(entry.words) <= ours
            assert set(example.text.split()) & set(entry.words)
            assert tuple(w for w in example.text.split() if w not in ours) == example.left


def test_states_of_questions_are_said_or_not(subtests):
    entries = load_lexicon("question_states", WordEntry)
    for entry, sentence, holds in words_and_sentences("state", entries):
        with subtests.test(kind=entry.kind, sentence=sentence):
            assert says(entry.kind, sentence) is holds


def test_words_of_dialogue_are_said_or_not(subtests):
    entries = load_lexicon("dialogue_words", WordEntry)
    for entry, sentence, holds in words_and_sentences("going", entries):
        with subtests.test(kind=entry.kind, sentence=sentence):
            assert goes(Going(entry.kind), sentence) is holds


def test_mistyped_words_are_put_right(subtests):
    for entry, example in examples("mistyped", Mistyped):
        with subtests.test(entry=str(entry), example=str(example)):
            assert as_meant(example.text) == example.meant
            assert entry.meant in example.meant


def test_words_ask_for_a_kind_of_value(subtests):
    for entry, sentence, holds in words_and_sentences("asked", load_lexicon("asked_kinds", AskedWords)):  # fmt: skip
        with subtests.test(entry=str(entry), sentence=sentence):
            found = asked_kinds(sentence)
            if entry.kind is Asked.MEASURED:
                assert bool(found) is holds
            elif entry.kind is Asked.WORDS:
                assert (not found) is holds
            else:
                kind = Asked.PERSON if entry.kind is Asked.NAME else entry.kind
                assert (kind in found) is holds


def test_a_word_of_asking_asks_for_one_thing():
    words = [
        w for entry in load_lexicon("asking_words", AskingWords) if entry.asks for w in entry.words
    ]
    assert len(words) == len(set(words))
    phrases = [w for entry in load_lexicon("date_phrases", DatePhrase) for w in entry.words]
    assert len(phrases) == len(set(phrases))


def test_words_of_web_pages():
    for entry in load_lexicon("furniture", FurnitureEntry):
        for example in entry.examples:
            assert is_furniture(example.text, outside=True) == example.furniture, example.text
            if entry.kind != "label":  # a label says so at the head or foot of a page only
                alone = is_furniture(example.text, outside=False)
                assert alone <= example.furniture, example.text


def test_labels_of_metadata(subtests):
    fields = {"other", "generated_on", "filled_on", *Header.model_fields}
    for entry in load_lexicon("metadata_labels", MetadataLabel):
        assert entry.field in fields
        for text, holds in [*((x, True) for x in entry.holds), *((x, False) for x in entry.not_)]:
            with subtests.test(field=entry.field, text=text):
                assert any(e.field == entry.field for e in find_metadata(text).entries) is holds


LINES = {
    LayoutKind.TITLE: is_title,
    LayoutKind.COPY: lambda line: find_lines(line)[0].kind is LineKind.CLOSING,
    LayoutKind.ISSUED: lambda line: find_lines(line)[0].kind is LineKind.CLOSING,
    LayoutKind.COPIES: lambda line: find_lines(line)[0].kind is LineKind.CLOSING,
    LayoutKind.MEMBERS: lambda line: find_lines(line)[0].kind is LineKind.MEMBERS,
    LayoutKind.ATTACHED: lambda line: find_lines(line)[0].kind is LineKind.ATTACHMENT,
    LayoutKind.HEAD: is_letterhead,
    LayoutKind.GRADE: is_letterhead,
    LayoutKind.SIGNED: lambda line: signed_by(line) == 0,
}


def test_words_of_lines(subtests):
    for entry in load_lexicon("layout_words", LayoutWords):
        for line, holds in [*((x, True) for x in entry.holds), *((x, False) for x in entry.not_)]:
            with subtests.test(kind=entry.kind, line=line):
                assert LINES[entry.kind](line) is holds


ATTENDANCE = {
    AttendanceKind.PRESENT: ("", ""),
    AttendanceKind.WHO: ("某区会议纪要\n", ""),
    AttendanceKind.OCCASION: ("", "\n主持：王某"),
    AttendanceKind.SENT: ("一、建校。\n", ""),
    AttendanceKind.MINUTES: ("", "\n参会人员：区教委"),
}


def test_words_of_attendance(subtests):
    for entry in load_lexicon("attendance_words", AttendanceWords):
        before, after = ATTENDANCE[entry.kind]
        for line, holds in [*((x, True) for x in entry.holds), *((x, False) for x in entry.not_)]:
            with subtests.test(kind=entry.kind, line=line):
                found = find_lines(f"{before}{line}{after}")
                told = found[-1 if entry.kind is AttendanceKind.MINUTES else before.count("\n")]
                assert (told.kind is LineKind.PRESENT) is holds


def test_words_of_formulas(subtests):
    for entry in load_lexicon("formula_words", FormulaWords):
        for text, holds in [*((x, True) for x in entry.holds), *((x, False) for x in entry.not_)]:
            with subtests.test(kind=entry.kind, text=text):
                assert (formula(entry.kind).search(text) is not None) is holds


def test_words_before_a_colon(subtests):
    """A note stands by itself below its list; a line that names who is addressed is in no clause."""
    for entry in load_lexicon("label_words", LabelWords):
        for line, holds in [*((x, True) for x in entry.holds), *((x, False) for x in entry.not_)]:
            with subtests.test(kind=entry.kind, line=line):
                if entry.kind is not LabelKind.NOTE:
                    assert is_addressed(line) is (holds is (entry.kind is LabelKind.ADDRESSED))
                else:
                    text = f"一、建校。\n{line}\n"
                    paths = [c.path for c in parse_outline(text, Header(), "d").clauses]
                    assert (paths == ["1/一", "1/0"]) is holds


def test_heads_of_columns(subtests):
    for entry, line, holds in words_and_sentences(
        "column", load_lexicon("column_heads", ColumnHead)
    ):
        with subtests.test(column=str(entry.column), line=line):
            found = [column for cell in line.split("\t") if (column := read_column(cell))]
            assert any(c.kind is entry.column for c in found) is holds


@pytest.mark.parametrize(
    ("name", "model", "find"),
    [
        ("quantity_contexts", AroundWords, find_around),
        ("time_contexts", BesideWords, find_beside),
        ("time_events", EventWords, find_event_words),
        ("time_changes", ChangeWords, find_change_words),
    ],
)
def test_words_around_numbers_and_times(subtests, name, model, find):
    """A word of an entry is found as that in the sentences in which it holds, in no other."""
    for entry in load_lexicon(name, model):
        for sentence, holds in [(s, True) for s in entry.holds] + [(s, False) for s in entry.not_]:
            with subtests.test(kind=str(entry.kind), sentence=sentence):
                assert (entry.kind in {word.kind for word in find(sentence)}) is holds


def test_words_before_a_recurrence(subtests):
    """A recurrence holds during what they close; without them it holds always."""
    for entry in load_lexicon("recurrence_conditions", ConditionWords):
        for text, holds in [(s, True) for s in entry.holds] + [(s, False) for s in entry.not_]:
            with subtests.test(kind=str(entry.kind), text=text):
                plain = normalize_characters(text)
                times = find_times(plain)
                [time] = [t for t in times if t.rrule][-1:]
                event = with_bounds(plain, time, times).event
                assert (event is None) is (holds is (entry.kind is ConditionWord.NONE))


def test_words_of_pace(subtests):
    """A word that stands where a day would says how the duty goes; in a sentence it says nothing."""
    for entry in load_lexicon("time_paces", PaceWords):
        for text, holds in [(s, True) for s in entry.holds] + [(s, False) for s in entry.not_]:
            with subtests.test(text=text):
                assert find_pace(text) == (entry.kind if holds else None)


def test_words_of_secrecy(subtests):
    entries = load_lexicon("secrecy_words", WordEntry)
    for entry, line, holds in words_and_sentences("secrecy", entries):
        with subtests.test(kind=entry.kind, line=line):
            assert is_secrecy_marking(line) is holds


def test_words_of_titles(subtests):
    """What a title is about begins after them."""
    entries = load_lexicon("title_words", WordEntry)
    for entry, title, holds in words_and_sentences("title", entries):
        with subtests.test(kind=entry.kind, title=title):
            named = named_in(title)
            whole = bool(named) and not named[0].startswith(entry.words)
            told = whole and any(f"{word}{named[0]}" in title for word in entry.words)
            assert told is holds or (entry.kind == "about" and whole is holds)


def test_words_of_relations(subtests):
    """Of the documents named in a sentence, the words beside them say the relation, or do not."""
    entries = load_lexicon("relation_words", RelationWords)
    for entry, sentence, holds in words_and_sentences("relation", entries):
        with subtests.test(kind=str(entry.kind), sentence=sentence):
            found = extract_bytes(
                f"某区工作办法\n一、总则\n{sentence}\n".encode(), "a.txt"
            ).policies
            assert found
            assert {p.relation is entry.kind for p in found} == {holds}


def test_words_around_names_stand_there(subtests):
    for entry, sentence, holds in words_and_sentences(
        "name", load_lexicon("name_words", WordEntry)
    ):
        with subtests.test(kind=entry.kind, sentence=sentence):
            assert any(word in sentence for word in entry.words) is holds
