import pytest
from sqlalchemy import create_engine, text

from ingest.pipeline import decode_source
from tasks.store import Store
from tasks.verify import verify_store
from tests.tasks.samples import NOW, read


@pytest.fixture
def url(tmp_path):
    address = f"sqlite:///{tmp_path / 'duban.db'}"
    extraction, data = read()
    with Store.open(address) as store:
        store.add(extraction, data, recorded_at=NOW)
    return address


def check(url, statement=None):
    if statement:
        engine = create_engine(url)
        with engine.begin() as connection:
            assert connection.execute(text(statement)).rowcount
        engine.dispose()
    with Store.open(url) as store:
        return verify_store(store, decode_source)


def test_an_untouched_store_has_no_differences(url):
    result = check(url)
    assert result.differences == ()
    assert result.facts > 5


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE source SET data = CAST(replace(CAST(data AS TEXT), '20处', '90处') AS BLOB)", "document"),
        ("""UPDATE fact SET body = replace(body, '"quote":"区水利局"', '"quote":"区教育局"') WHERE kind = 'tasks' AND ordinal = 0""", "assignment"),
        ("UPDATE document SET body = replace(body, '20处', '90处')", "document"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(url, statement, kind):
    differences = check(url, statement).differences
    assert kind in {d.kind for d in differences}
