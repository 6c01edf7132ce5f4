"""Messages, settings and stores for tests of sending."""

from __future__ import annotations

from api.delivery.message import Attachment, Message
from api.delivery.settings import DeliverySettings
from api.settings import Settings

UNIT = "区水利局"
DATE = "Mon, 23 Nov 2026 08:30:00 +0800"
FROM = "督查室 <duban@wz.gov.cn>"


def message(**fields) -> Message:
    usual = {
        "unit": UNIT,
        "week": "2026-W48",
        "subject": "督办周报 2026年第48周 区水利局：逾期3项、30日内到期2项",
        "text": "# 督办周报\n\n.以点开头的一行\n..两点\n",
        "html": "<h1>督办周报</h1><p>逾期3项</p>",
        "page": "督办周报-2026-W48-区水利局.html",
        "attachments": (
            Attachment("督办周报-2026-W48-区水利局.docx", "application/zip", bytes(range(256))),
        ),
        "domain": "wz.gov.cn",
    }
    return Message(**(usual | fields))


def mail_settings(port: int, **fields) -> DeliverySettings:
    usual = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "smtp_from": FROM,
             "timeout": 2.0}  # fmt: skip
    return DeliverySettings(**(usual | fields))


def settings(url: str, folder) -> Settings:
    return Settings(home=folder, store=url, language="zh", timezone="Asia/Shanghai")
