"""Documents of the store on a real database: idempotent, versioned."""

import pytest

from kb.errors import NotFoundError
from tasks.fact_ids import identify
from tasks.store import Store
from tests.tasks.samples import NOW, PLAN, read


@pytest.fixture
def url(store_url):
    return store_url


def test_reads_back_what_was_added(url):
    extraction, data = read()
    with Store.open(url) as store:
        added = store.add(extraction, data, recorded_at=NOW)
        assert added.status == "added"
        assert store.load(added.document_id) == extraction
        assert store.source(added.document_id) == data
    assert len(extraction.tasks) == 4
    with Store.open(url) as again:
        assert again.extractions() == (extraction,)
        assert again.documents()[0].recorded_at == NOW


def test_the_same_bytes_change_nothing(url):
    extraction, data = read()
    with Store.open(url) as store:
        store.add(extraction, data, recorded_at=NOW)
        assert store.add(extraction, data, recorded_at=NOW).status == "unchanged"
        assert len(store.documents(superseded=True)) == 1


def test_a_changed_file_is_a_new_version_and_keeps_the_old_facts(url):
    first, first_data = read()
    second, second_data = read(PLAN.replace("20处", "30处"))
    with Store.open(url) as store:
        store.add(first, first_data, recorded_at=NOW)
        added = store.add(second, second_data, recorded_at=NOW)
        assert (added.status, added.superseded) == ("new-version", first.document.id)
        assert [d.document.id for d in store.documents()] == [second.document.id]
        assert [d.version for d in store.documents(superseded=True)] == [1, 2] or {
            d.version for d in store.documents(superseded=True)
        } == {1, 2}
        assert store.load(first.document.id) == first
        again = store.add(first, first_data, recorded_at=NOW)
        assert (again.status, again.replaced_by) == ("superseded", second.document.id)
        newer = second.document.id
        back = store.add(first, first_data, recorded_at=NOW, replaces=newer)
        assert (back.status, back.superseded) == ("new-version", second.document.id)
        assert [d.document.id for d in store.documents()] == [first.document.id]


def test_reading_the_bytes_anew_leaves_the_former_reading_as_it_was(url):
    extraction, data = read()
    with Store.open(url) as store:
        store.add(extraction, data, recorded_at=NOW)
        assert store.add(extraction, data, recorded_at=NOW, refresh=True).status == "unchanged"
        fewer = extraction.model_copy(update={"tasks": extraction.tasks[:1]})
        assert store.add(fewer, data, recorded_at=NOW).status == "unchanged", "only if asked to"
        added = store.add(fewer, data, recorded_at=NOW, refresh=True)
        assert (added.status, added.superseded) == ("re-read", extraction.document.id)
        assert store.load(extraction.document.id) == extraction
        assert store.extractions() == (identify(fewer, 2, text_of=1),)
        assert store.source(added.document_id) == data
        [first, second] = store.documents(superseded=True)
        assert (first.lineage, first.version, first.reading) == (second.lineage, 1, 1)
        assert (second.version, second.reading, first.superseded_by) == (2, 2, second.document.id)
        assert store.add(fewer, data, recorded_at=NOW, refresh=True).status == "unchanged"
        assert store.add(extraction, data, recorded_at=NOW, refresh=True).status == "re-read"
        assert [d.reading for d in store.documents()] == [3]


def test_an_unknown_document_is_told(url):
    with Store.open(url) as store:
        with pytest.raises(NotFoundError):
            store.load("doc-none")
        with pytest.raises(NotFoundError):
            store.source("doc-none")


def test_ids_do_not_change_when_read_again():
    assert read()[0] == read()[0]
