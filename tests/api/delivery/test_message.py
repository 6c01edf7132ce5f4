"""A digest as a message."""

from datetime import date
from io import BytesIO

import pytest
from docx import Document
from PIL import Image

from api.delivery.mail import write_mail
from api.delivery.message import addressed_to, compose
from tasks.digest import parse_week
from tasks.digest.models import Digest, Totals
from tests.api.delivery.samples import DATE, FROM
from tests.tasks.digest_samples import digests, opened


@pytest.fixture(scope="module")
def found():
    with opened() as store:
        return digests(store)


def test_what_a_message_holds(found):
    message = compose(found["区水利局"], "zh", "https://duban.example", "wz.gov.cn")
    assert message.subject.startswith("督办周报 2026年第48周 区水利局：逾期")
    assert (message.unit, message.week) == ("区县/water", "2026-W48")
    assert "](https://duban.example/" in message.text
    assert 'href="https://duban.example/' in message.html
    assert message.page == "督办周报-2026-W48-区水利局.html"
    [word] = message.attachments
    assert word.name == "督办周报-2026-W48-区水利局.docx"
    assert "整治隐患" in "".join(c.text for t in Document(BytesIO(word.data)).tables for r in t.rows for c in r.cells)  # fmt: skip
    assert Image.open(BytesIO(message.picture)).format == "PNG"
    assert message.message_id.endswith("@wz.gov.cn>")


def test_in_english(found):
    message = compose(found["区水利局"], "en")
    assert message.subject.startswith("Weekly digest 2026-W48 区水利局: ")
    assert message.page == "digest-2026-W48-区水利局.html"


def test_the_same_digest_is_the_same_message(found):
    first, again = (compose(found["区水利局"], "zh") for _ in range(2))
    assert first == again
    other = compose(found["区应急局"], "zh")
    assert len({first.sha256, other.sha256}) == len({first.message_id, other.message_id}) == 2


def test_the_overview_goes_to_the_supervision_office(found):
    assert addressed_to(found[None]) == compose(found[None], "zh").unit == "总览"


@pytest.mark.parametrize(
    "unit",
    ["各镇乡/街道", "区\n水利局\r\nBcc: evil@example.com", "区\ud800局", "区\u2028局", "<b>区</b>", "." * 300],
)  # fmt: skip
def test_no_name_of_a_unit_breaks_a_message(unit):
    digest = Digest(
        week=parse_week("2026-W48"), as_of=date(2026, 11, 24), within=30, unit=unit, totals=Totals()
    )
    message = compose(digest, "zh")
    data = write_mail(message, FROM, ["a@wz.gov.cn"], DATE)
    head = data.partition(b"\r\n\r\n")[0]
    assert b"\nBcc" not in head
    assert message.subject.isprintable()
    for name in (message.page, *(a.name for a in message.attachments)):
        assert not set(name) & set("/\\\n\0")
        assert len(name.encode()) < 200
