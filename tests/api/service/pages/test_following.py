"""Questions offered after an answer: the documents answer each of them."""

from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import anyio
import httpx
import pytest

from tests.api.service.world import CLOSED_UNIT, OWN, SECRET


class Offered(HTMLParser):
    """The questions that a page offers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.questions: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        given = dict(attrs)
        if tag == "button" and given.get("name") == "question":
            self.questions.append(given["value"])


@pytest.mark.parametrize(
    ("language", "select", "expected"),
    [
        ("zh", "duties", ["哪些部门负责整治隐患？", "“整治隐患”什么时候完成？", "“整治隐患”出自哪一条？"]),
        ("zh", "units", ["“整治隐患”什么时候完成？", "“整治隐患”出自哪一条？", "区水利局要干哪些事？"]),
        ("en", "work", ["Which departments are responsible for 整治隐患?", "Which clause says “整治隐患”?", "What does 区水利局 have to do?"]),
    ],
)  # fmt: skip
def test_questions_go_on_from_the_answer(pages_world, browser, language, select, expected):
    task = next(t for t in pages_world.open.tasks if "整治隐患" in t.title)
    client = browser("reader")
    client.get(f"/language/{language}")
    page = client.get("/follow", params={"task": task.id, "unit": OWN, "select": select}).text
    client.get("/language/zh")
    assert [q for q in Offered(page).questions if q in expected] == expected


def test_what_was_asked_is_not_offered_again(pages_world, browser):
    task = pages_world.open.tasks[0]
    given = {"task": task.id, "unit": OWN, "select": "duties"}
    first = Offered(browser("public").get("/follow", params=given).text).questions
    assert not [q for q in first if q.startswith(OWN) and "要干哪些事" in q]
    again = Offered(browser("public").get("/follow", params=given | {"asked": first}).text)
    assert not set(again.questions) & set(first)


def test_after_a_refusal_it_says_what_the_documents_hold(browser):
    client = browser("public")
    page = client.post("/", data={"question": "校长的电话是多少？"}).text
    assert "库中文件讲的是" in page
    assert page.count("/documents/doc-")
    assert Offered(page).questions
    assert SECRET not in page


def test_nothing_is_offered_of_what_one_may_not_see(pages_world, browser):
    closed = pages_world.closed.tasks[0]
    given = {"task": closed.id, "unit": [CLOSED_UNIT, "无此单位<b>"], "silent": "1"}
    for silent in ("0", "1"):
        page = browser("reader").get("/follow", params=given | {"silent": silent}).text
        assert SECRET not in page
        assert CLOSED_UNIT not in page
        assert "<b>" not in page


def test_who_waits_for_an_answer_holds_no_thread(pages_world):
    """More forms wait for their turn than there are threads; a list comes all the same."""
    service = pages_world.service

    async def run():
        transport = httpx.ASGITransport(pages_world.app)
        headers = {"Accept": "text/html"}
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:  # fmt: skip
            codes = []

            async def wait():
                codes.append((await client.post("/", data={"question": "谁负责？"}, timeout=60)).status_code)  # fmt: skip

            async with anyio.create_task_group() as group:
                with service.turns:
                    for _ in range(45):
                        group.start_soon(wait)
                    await anyio.sleep(0.05)
                    with anyio.fail_after(20):
                        assert (await client.get("/units")).status_code == 200
                    assert not codes
            assert codes == [200] * 45

    # A thread of its own: the plugin of the other tests may have a loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, run).result()
