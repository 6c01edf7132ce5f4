"""Which documents of a store another one in it abolishes."""

import pytest

from ingest.pipeline import extract_bytes
from tasks.abolished import abolished_by, abolished_in
from tasks.authorisation import CONSOLE
from tasks.query import Query, Select
from tasks.run import run
from tasks.store import Store
from tests.tasks.samples import NOW, TODAY

OLD = "某区人民政府文件\n某府发〔2018〕5号\n某区学校管理办法\n一、总则\n1.区教委建设学校5所。\n"
NEW = "某区人民政府文件\n某府发〔2025〕3号\n某区学校管理新办法\n一、总则\n1.区教委建设学校8所。\n二、附则\n2.{}\n"


@pytest.mark.parametrize(
    ("sentence", "ended"),
    [
        ("本办法自2025年1月1日起施行，《某区学校管理办法》（某府发〔2018〕5号）同时废止。", True),
        ("本办法自2025年1月1日起施行，原《某区学校管理办法》同时废止。", True),
        ("本办法替代《某区学校管理办法》。", True),
        ("《某区学校管理办法》（某府发〔2017〕9号）同时废止。", False),  # another number
        ("根据《某区学校管理办法》（某府发〔2018〕5号）制定本办法。", False),
        ("《某区学校管理新办法》同时废止。", False),  # itself
    ],
)
def test_a_document_is_abolished_by_another(sentence, ended):
    old, new = (
        extract_bytes(OLD.encode(), "旧.txt"),
        extract_bytes(NEW.format(sentence).encode(), "新.txt"),
    )
    found = abolished_by([old, new])
    assert {key: by.id for key, by in found.items()} == (
        {old.document.id: new.document.id} if ended else {}
    )


def test_a_store_says_the_same_but_of_what_is_hidden(store_url):
    sentence = "本办法自2025年1月1日起施行，《某区学校管理办法》（某府发〔2018〕5号）同时废止。"
    read = [(words.encode(), extract_bytes(words.encode(), name))
            for words, name in ((OLD, "旧.txt"), (NEW.format(sentence), "新.txt"))]  # fmt: skip
    with Store.open(store_url) as store:
        for data, extraction in read:
            store.add(extraction, data, recorded_at=NOW)
        (_, old), (_, new) = read
        with store.reading() as connection:
            found = abolished_in(connection)
            assert found == abolished_by([old, new])
            assert [by.told("en") for by in found.values()] == ["abolished by 某府发〔2025〕3号"]
            assert abolished_in(connection, {new.document.id}) == {}
        query = Query(select=Select.CLAUSES)
        rows = run(store, query, reader=CONSOLE, as_of=TODAY).rows
        ended = [row.abolished_by for row in rows]
        assert ended == sorted(ended, key=bool)
        assert {e.citations[0].document_id for e in rows if e.abolished_by} == {old.document.id}
