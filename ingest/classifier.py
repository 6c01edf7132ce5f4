"""A fitted linear model over named features: decides, says how sure it is and what decided.

The weights are data (`ingest/weights/NAME.json`), rounded, made by `make train` with a manifest of
what they were made from; this module only adds them up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

_FOLDER = Path(__file__).parent / "weights"


class Decision(NamedTuple):
    """The most likely `label`, its `probability`, and the features that spoke for it most (name,
    weight), strongest first; `label` is None where the two likeliest are closer than the margin."""

    label: str | None
    probability: float
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class LinearModel:
    """Weights by label and feature, a bias by label, and the margin in probability below which
    nothing is decided: between being of no use and of some, or, where no label is `OTHER`, between
    the two likeliest."""

    labels: tuple[str, ...]
    bias: tuple[float, ...]
    weights: dict[str, tuple[float, ...]]
    margin: float = 0.0

    def decide(self, features: Iterable[str], *, why: bool = False) -> Decision:
        """The label of a mention with these features; `why`: with the reasons."""
        weights = self.weights
        known = [(f, weight) for f in features if (weight := weights.get(f)) is not None]
        scores = [sum(column) for column in zip(self.bias, *(w for _, w in known), strict=True)]
        top = max(scores)
        shares = [math.exp(score - top) for score in scores]
        whole = sum(shares)
        ranked = sorted(range(len(shares)), key=lambda place: -shares[place])
        first, second = ranked[0], ranked[1]
        gap = (shares[first] - shares[second]) / whole
        if OTHER in self.labels:
            # First whether it is of any use, then of which: two likely uses are no doubt of that.
            nothing = shares[self.labels.index(OTHER)] / whole
            gap = abs(1 - 2 * nothing)
            if nothing < 0.5 and self.labels[first] == OTHER:
                first, second = second, first
        sure = gap >= self.margin
        reasons = sorted(
            ((name, round(w[first] - w[second], 3)) for name, w in (known if why else ())),
            key=lambda pair: -abs(pair[1]),
        )
        return Decision(
            self.labels[first] if sure else None, shares[first] / whole, tuple(reasons[:8])
        )


OTHER = "other"
"""The label of a mention that is used for nothing that is followed up."""


class Placed(Protocol):
    """What stands at the local range `[start, end)` of a reading."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


M = TypeVar("M", bound=Placed)


@dataclass(frozen=True, slots=True)
class Use(Generic[M]):
    """A mention of a clause with what was decided of it; `features` where reasons are kept."""

    mention: M
    features: tuple[str, ...]
    decision: Decision


@dataclass(frozen=True)
class Models:
    """The models that decide uses; those of the installation where none is given, which is for
    measuring with documents left out."""

    party_use: LinearModel | None = None
    quantity_use: LinearModel | None = None
    time_use: LinearModel | None = None
    why: bool = False
    """Whether features and reasons are kept with each decision: they take more than the facts."""

    def of(self, name: str) -> LinearModel:
        """The model of that name."""
        given: LinearModel | None = getattr(self, name)
        return given or load_model(name)

    def decide_all(
        self,
        name: str,
        mentions: Sequence[M],
        features_of: Callable[[int], list[str]],
        *,
        pairs: Iterable[int] = (),
    ) -> list[Use[M]]:
        """The uses of mentions in order, each by the features of its place: those that are or may
        be of use; with `why` all. `pairs`: places of mentions that are of one use with the one
        before them (the ends of a range), that which is surer."""
        model = self.of(name)
        kept: list[tuple[str, ...]] = []
        decisions: list[Decision] = []
        for place in range(len(mentions)):  # a clause may have thousands: features are not held
            features = features_of(place)
            decisions.append(model.decide(features, why=self.why))
            kept.append(tuple(features) if self.why else ())
        for place in pairs:
            surer = max(decisions[place - 1 : place + 1], key=_sureness)
            decisions[place - 1 : place + 1] = [surer, surer]
        return [
            Use(mention, own, decision)
            for mention, own, decision in zip(mentions, kept, decisions, strict=True)
            if self.why or decision.label != OTHER
        ]


def _sureness(decision: Decision) -> tuple[bool, float]:
    return decision.label is not None, decision.probability


INSTALLED = Models()
EXPLAINED = Models(why=True)


@lru_cache
def load_model(name: str) -> LinearModel:
    """The model `ingest/weights/<name>.json`.

    Raises:
        OSError: the file is missing; it belongs to the installation.
    """
    return model_of(json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def model_of(data: dict[str, Any]) -> LinearModel:
    """A model from its JSON object."""
    return LinearModel(
        tuple(data["labels"]),
        tuple(data["bias"]),
        {name: tuple(values) for name, values in data["weights"].items()},
        float(data.get("margin", 0)),
    )
