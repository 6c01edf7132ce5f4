"""Every name that the lexicon has for a unit finds it by its id."""

from kb.language.jurisdictions import detect_jurisdiction
from kb.language.organisations import (
    FunctionEntry,
    GroupEntry,
    OrganisationEntry,
    organisations_for,
)
from kb.lexicon import load_lexicon
from tasks.units import Units, unit_key

PLACE = "万州区"
HERE = detect_jurisdiction(f"重庆市{PLACE}人民政府办公室", "")


def own_aliases():
    """(function, name) of every name of our own bodies, with and without level and place; a bare
    name that several have is not among them."""
    entries = load_lexicon("functions", FunctionEntry)
    bare = [w for e in entries for w in (*e.local, *e.former, *e.lay)]
    for e in entries:
        for name in (*e.local, *e.former):
            for place in ("区", PLACE, f"重庆市{PLACE}"):
                yield e, f"{place}{e.prefix}{name}"
        for name in dict.fromkeys((*e.local, *e.former, *e.lay)):
            if bare.count(name) == 1:
                yield e, name


def printed(entries):
    """Units of a store that prints each of our own bodies by its usual name."""
    known = organisations_for(HERE)
    units = [known.resolve(f"区{e.prefix}{e.local[0]}") for e in entries]
    return Units(((unit_key(PLACE, u.name, u.id), u.name, 1) for u in units), [HERE])


def test_every_alias_of_our_own_bodies_is_the_printed_one():
    known = printed(load_lexicon("functions", FunctionEntry))
    wrong = {
        words: found
        for entry, words in own_aliases()
        if (found := [u.id for u in known.find(words)]) != [f"{PLACE}/{entry.function}"]
    }
    assert not wrong


def test_every_alias_of_a_body_of_the_state_or_of_a_group_is_the_printed_one():
    lexicon = organisations_for(HERE)
    names = {
        e.name: (*e.forms, *e.former) for e in load_lexicon("organisations", OrganisationEntry)
    }
    names |= {g.name: g.forms for g in load_lexicon("groups", GroupEntry) if g.forms_are != "units"}
    units = {name: lexicon.resolve(name) for name in names}
    keys = {name: unit_key(PLACE, name, unit.id) for name, unit in units.items() if unit}
    assert keys.keys() == names.keys()
    known = Units(((key, name, 1) for name, key in keys.items()), [HERE])
    wrong = {
        form: found
        for name, forms in names.items()
        for form in (name, *forms)
        if keys[name] not in (found := [u.id for u in known.find(form)]) or len(found) > 1
    }
    assert not wrong


def test_a_bare_name_of_several_is_asked_back():
    entries = load_lexicon("functions", FunctionEntry)
    known = printed(entries)
    assert len(known.find("督查室")) == len([e for e in entries if "督查室" in e.local]) == 2
