"""The linear model: adds up weights, abstains below its margin, says what decided."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import pytest

from ingest.classifier import Decision, LinearModel, Models, load_model, model_of
from kb.lexicon import corpus_path

WEIGHTS = {"labels": ["other", "owner"], "bias": [0.5, 0.0], "margin": 0.2,
           "weights": {"zone=label": [-1.0, 1.0], "next=noun": [0.5, -0.5]}}  # fmt: skip
MODEL = model_of(WEIGHTS)


@dataclass
class At:
    start: int
    end: int


def test_the_likeliest_label_and_its_probability() -> None:
    decision = MODEL.decide(["zone=label", "unknown"])
    assert decision.label == "owner"
    assert decision.probability == pytest.approx(
        1 / (1 + math.exp(-0.5 - 1.0 + 0.0 + 0.0 - 0.0)), abs=0.06
    )
    assert MODEL.decide([]).label == "other"


def test_below_the_margin_nothing_is_decided() -> None:
    close = LinearModel(("other", "owner"), (0.1, 0.0), {}, margin=0.2)
    assert close.decide([]).label is None
    assert close.decide([]).probability == pytest.approx(0.525, abs=0.001)


def test_two_likely_uses_are_no_doubt_that_it_is_of_use() -> None:
    several = LinearModel(("other", "by", "in"), (0.2, 0.1, 0.1), {}, margin=0.1)
    assert several.decide([]).label == "by"
    doubtful = LinearModel(("other", "by", "in"), (0.7, 0.0, 0.0), {}, margin=0.1)
    assert doubtful.decide([]).label is None
    roles = LinearModel(("lead", "joint", "member"), (0.1, 0.1, 0.0), {}, margin=0.1)
    assert roles.decide([]).label is None


def test_reasons_are_kept_where_they_are_asked_for_strongest_first() -> None:
    features = ["next=noun", "zone=label"]
    assert MODEL.decide(features).reasons == ()
    assert MODEL.decide(features, why=True).reasons == (("zone=label", 2.0), ("next=noun", -1.0))


def test_what_is_nothing_is_left_out_unless_reasons_are_kept() -> None:
    mentions = [At(0, 1), At(2, 3)]
    features = [["zone=label"], ["next=noun"]]
    [use] = Models(party_use=MODEL).decide_all("party_use", mentions, features.__getitem__)
    assert (use.mention, use.features) == (mentions[0], ())
    both = Models(party_use=MODEL, why=True).decide_all("party_use", mentions, features.__getitem__)
    assert [u.features for u in both] == [("zone=label",), ("next=noun",)]
    assert isinstance(both[1].decision, Decision)


def test_every_model_of_the_installation_is_whole() -> None:
    folder = corpus_path().parent / "ingest" / "weights"
    names = [path.stem for path in folder.glob("*.json")]
    assert sorted(names) == ["party_use", "quantity_use", "time_use"]
    for name in names:
        model = load_model(name)
        assert len(model.labels) == len(model.bias)
        assert all(len(values) == len(model.labels) for values in model.weights.values())
        assert json.loads((folder / f"{name}.json").read_text("utf-8"))["manifest"]


def test_the_ends_of_a_range_are_of_the_use_of_the_surer() -> None:
    models = Models(quantity_use=MODEL, why=True)
    features = [["zone=label"], [], ["next=noun"], []]
    mentions = [At(place, place + 1) for place in range(4)]
    alone = models.decide_all("quantity_use", mentions, features.__getitem__)
    pairs = models.decide_all("quantity_use", mentions, features.__getitem__, pairs=[1, 3])
    assert [u.decision.label for u in alone] == ["owner", "other", "other", "other"]
    assert [u.decision.label for u in pairs] == ["owner", "owner", "other", "other"]
    unsure = LinearModel(("other", "owner"), (0.0, 0.0), MODEL.weights, margin=0.2)
    found = Models(quantity_use=unsure).decide_all("quantity_use", mentions, features.__getitem__, pairs=[1])  # fmt: skip
    assert [u.decision.label for u in found] == ["owner", "owner", None]
