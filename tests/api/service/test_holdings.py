"""What is read again after which change, and questions beside the embedding of documents."""

import threading
from datetime import timedelta

import pytest

from api.service.assistants import Assistants
from api.service.holdings import Holdings
from api.service.sharing import SharingEmbedder
from api.service.state import Service
from api.service.turns import Turns
from ingest.pipeline import extract_bytes
from tasks.addresses import Address, Addresses
from tasks.authorisation import CONSOLE, PersonRole
from tasks.lifecycle import Command, Step
from tasks.people import Person
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.world import CLOSED, make_world
from tests.tasks.samples import NOW, PLAN, TODAY


@pytest.fixture
def world(tmp_path):
    with make_world(tmp_path) as made:
        yield made


def sign_in_and_out(world):
    world.browser("reader").delete("/api/v1/session")


def step(world):
    key = world.open.tasks[1].milestones[0].id
    supervisor = Person(login="supervisor", name="督", role=PersonRole.SUPERVISOR).actor()
    command = Command(step=Step.CANCEL, milestone_id=key, on=TODAY, reason="撤销")
    world.service.tracker.perform(supervisor, command, NOW)


def visibility(world):
    seen = Visibility(level=Level.INTERNAL)
    set_visibility(world.service.store, CONSOLE, world.open.document.id, seen, NOW)


def token(world):
    service = world.service
    made = service.access.create_token(CONSOLE, "reader", "t", ("read",), NOW + timedelta(days=9), NOW)  # fmt: skip
    service.access.revoke_token(CONSOLE, made[1].id, NOW)


def address(world):
    one = Address(unit="区水利局", channel="email", target="a@b.cn")
    Addresses(world.service.store).set(CONSOLE, one, NOW)


def correction(world):
    service = world.service
    service.tracker.withdraw(CONSOLE, world.correction, "误改", NOW)


def version(world):
    data = PLAN.replace("20处", "30处").encode()
    world.service.store.add(extract_bytes(data, "plan.txt"), data, recorded_at=NOW)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (sign_in_and_out, {"open", "closed"}),
        (step, {"open", "closed"}),
        (token, {"open", "closed"}),
        (address, {"open", "closed"}),
        (visibility, {"open", "closed"}),
        (correction, {"closed"}),
        (version, {"closed"}),
    ],
)
def test_only_what_changed_is_read_again(world, change, kept):
    ids = {"open": world.open.document.id, "closed": world.closed.document.id}
    holdings = Holdings(world.service.store)
    before = holdings.current()
    register = holdings.whole()
    change(world)
    after = holdings.current()
    same = {n for n, i in ids.items() if after.extractions.get(i) is before.extractions[i]}
    assert same == kept
    unchanged = kept == set(ids)
    assert (holdings.whole() is register) is unchanged
    assert (after.version == before.version) is unchanged
    fresh = Holdings(world.service.store).current()
    assert (after.version, after.extractions) == (fresh.version, fresh.extractions)


def test_a_question_waits_for_a_few_passages_at_most():
    """The turn is let go between passages, and one who waits gets it then."""
    turns, sizes, order = Turns(), [], []

    class Slow:
        name = digest = "slow"

        def embeds_apart(self, count):
            return False

        def embed_passages(self, texts):
            import numpy as np

            sizes.append(len(texts))
            if len(sizes) == 2:
                asking.start()
                while not turns._waiting:
                    pass
            order.append("passages")
            return np.ones((len(texts), 2), np.float32)

    def ask():
        with turns:
            order.append("question")

    asking = threading.Thread(target=ask)
    rows = SharingEmbedder(Slow(), turns).embed_passages(["x"] * 50)
    asking.join()
    assert rows.shape == (50, 2)
    assert max(sizes) <= 8
    assert order.index("question") <= 3


def test_a_new_document_is_answered_from_while_it_is_embedded(world):
    """Its lists are complete at once; its vectors join when they are made."""
    service = Service(world.settings, world.service.store, public_read=True, beside=True)
    assistants: Assistants = service._assistants
    assistants.over(service.register_of_all())
    before = assistants._generation
    go, held = threading.Event(), service.turns

    class Waiting(SharingEmbedder):
        def embed_passages(self, texts):
            assert go.wait(60)
            return super().embed_passages(texts)

    plain = assistants._index
    assistants._index = lambda: _through(plain(), Waiting, held)
    words = CLOSED.replace("雪豹代号七三九一", "防溺水巡查")
    data = words.encode()
    extraction = extract_bytes(data, "巡查.txt")
    service.store.add(extraction, data, recorded_at=NOW)
    said = service.ask(CONSOLE, "防溺水巡查工程由哪些单位负责？", TODAY)
    assert "区水利局" in {u.unit for u in said.units}
    assert assistants._generation is before
    go.set()
    assert assistants.update(lambda *_: None) > len(before.rows)
    made = assistants.over(service.register_of_all())
    assert assistants._generation is not before
    hits = made.search.retriever.search("防溺水巡查", 3)
    assert any(hit.parts["text"] > 0 for hit in hits if hit.chunk.document_id == extraction.document.id)  # fmt: skip


def _through(index, kind, turns):
    index.embedder, index.small = kind(index.embedder, turns), kind(index.small, turns)
    index.embedder._turn = index.small._turn = threading.RLock()
    return index


def test_the_model_is_waited_for_outside_the_turn(world, monkeypatch):
    """Two questions at once are both with the language model."""
    from dataclasses import replace

    from api.assistant.model import WordedAssistant

    settings = replace(world.settings, llm_url="http://127.0.0.1:9/v1")
    service = Service(settings, world.service.store, public_read=True)
    both = threading.Barrier(2, timeout=60)

    def word(self, *args, **more):
        both.wait()
        assert not service.turns._held or both.n_waiting == 0
        raise TimeoutError

    monkeypatch.setattr(WordedAssistant, "_reply", word)
    answers = []

    def ask():
        answers.append(service.ask(CONSOLE, "整治隐患由哪些单位负责？", TODAY))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    assert all(answer.answerable for answer in answers)
