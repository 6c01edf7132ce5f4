"""Topics in queries: each is bound wherever it stands, or refused; none is passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.query import Operation, Query, Select
from tasks.topics import bind, needs_search, queries_in

TOPICS = st.none() | st.sampled_from(("消防", "防溺水", "月球"))


def leaf(topic):
    return Query(select=Select.DUTIES, topic=topic)


def about(query):
    """Everything is spoken of but the moon."""
    if query.topic == "月球":
        return None
    return query.model_copy(update={"topic": None, "clauses": (f"c-{query.topic}",)})


@given(TOPICS, st.lists(TOPICS, max_size=3), st.lists(TOPICS, max_size=3), TOPICS)
def test_every_topic_is_bound_and_told(own, joined, without, compared):
    query = Query(
        select=Select.DUTIES, topic=own, operation=Operation.COMPARE, other=leaf(compared),
        and_=tuple(map(leaf, joined)), minus=tuple(map(leaf, without)),
    )  # fmt: skip
    topics = [q.topic for q in queries_in(query) if q.topic]
    bound, told = bind(query, about)
    assert needs_search(query) is bool(topics)
    assert not needs_search(bound)
    assert sorted(t.topic for t in told) == sorted(topics)
    for before, after in zip(queries_in(query), queries_in(bound), strict=True):
        # What nothing speaks of gives nothing: it does not widen the query.
        wanted = {None: (), "月球": ("-",)}.get(before.topic, (f"c-{before.topic}",))
        assert after.clauses == wanted


def test_documents_are_limited_by_their_own_ids():
    query = Query(select=Select.DOCUMENTS, topic="消防")
    bound, [topic] = bind(
        query, lambda q: q.model_copy(update={"topic": None, "ids": ("d-1", "d-2")})
    )
    assert bound == Query(select=Select.DOCUMENTS, ids=("d-1", "d-2"))
    assert (topic.topic, topic.found) == ("消防", ("d-1", "d-2"))


@pytest.mark.parametrize("select", [Select.MEMBERS, Select.FIELD])
def test_what_no_clause_limits_has_no_topic(select):
    with pytest.raises(ValueError, match="topic"):
        Query(select=select, topic="消防", field="title" if select is Select.FIELD else None)


def test_what_sentences_say_is_for_the_assistant():
    query = Query(select=Select.TEXT, topic="消防")
    bound, told = bind(query, about)
    assert needs_search(bound)
    assert told == ()
