"""Who bears what is asked about, in words."""

from api.assistant.owners import as_printed
from ingest.pipeline import extract_bytes

ROWS = (
    "某县整改清单\n| 序号 | 整改措施 | 责任单位 | 整改时限 |\n| --- | --- | --- | --- |\n"
    "| 1 | 盘活闲置房产 | 县机关事务服务中心（原县机关事务管理局） | 2026年6月底前 |\n"
    "| 2 | 处置超编公务用车12台 | 同上 | 2026年9月底前 |\n"
)


def test_a_cell_that_says_the_same_as_above_names_the_unit_above():
    extraction = extract_bytes(ROWS.encode(), "清单.txt")
    *_, owner = (a for task in extraction.tasks for a in task.responsibilities)
    assert owner.quote == "同上"
    assert as_printed(extraction, owner).unit == owner.unit
