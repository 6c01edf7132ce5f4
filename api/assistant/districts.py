"""Documents of several places in one store: a question that names a place is about its documents,
and a name that units of several places have is asked back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from api.assistant.question import Question
from api.assistant.reply import Refusal
from kb.language.jurisdictions import Level, place_stem
from kb.models import Fact
from tasks.queries import Register
from tasks.query import Select
from tasks.units import Unit, jurisdiction_of

_OF_UNITS = (Select.DUTIES, Select.MILESTONES)


class Districts(Fact):
    """The documents of each place, where places of one level have documents beside each other.
    Those of other levels are everybody's."""

    rivals: dict[str, frozenset[str]]

    @classmethod
    def of(cls, register: Register) -> Districts:
        """The places whose documents a question may be about."""
        found: dict[Level, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for extraction in register.extractions:
            jurisdiction = jurisdiction_of(extraction.document)
            if jurisdiction.place:
                found[jurisdiction.level][jurisdiction.place].add(extraction.document.id)
        rivals = {
            place: frozenset(ids)
            for places in found.values() if len(places) > 1
            for place, ids in places.items()
        }  # fmt: skip
        return cls(rivals=rivals)

    def left_out(self, texts: Iterable[str]) -> frozenset[str]:
        """The documents of the places that a question does not mean: of those beside the ones that
        it names, in its own words or, where they name none, in the latest of those before it.

        >>> d = Districts(rivals={"万州区": frozenset({"a"}), "开州区": frozenset({"b"})})
        >>> sorted(d.left_out(["开州区教委要干哪些事"])), sorted(d.left_out(["区教委要干哪些事"]))
        (['a'], [])
        """
        for text in texts:
            if named := [place for place in self.rivals if _names(text, place)]:
                kept = frozenset().union(*(self.rivals[place] for place in named))
                return frozenset().union(*self.rivals.values()) - kept
        return frozenset()


def _names(text: str, place: str) -> bool:
    """Whether the text has the place's name, whole or without its last character (开州教委)."""
    return place_stem(place) in text


def same_named(register: Register, question: Question) -> Sequence[Unit]:
    """The units that a name of the question could mean, where they are several and the answer is
    about what they bear."""
    for name in question.units if question.select in _OF_UNITS else ():
        # Of one that is our own, what another government's document calls so is not meant.
        found = register.tracked.known.find(name) or register.known.find(name)
        if len(found) > 1:
            return found
    return ()


def which_of(question: Question, found: Sequence[Unit]) -> Refusal:
    """What is asked back where a name means several units."""
    name = next(iter(question.units), found[0].name)
    labels = [unit.label for unit in found]
    return Refusal(
        zh=f"“{name}”在库里有 {len(found)} 个：{'、'.join(labels)}。请写明是哪一个，例如把“{name}”写成“{labels[0]}”。",
        en=f"{len(found)} units are called {name} here: {', '.join(labels)}. Please say which is "
        f"meant, for example {labels[0]}.",
    )
