"""The settings of the running service for administrators: what holds, what it means, where it is set.

Keys and passwords are never among them: only whether one is set.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from api.delivery.settings import DeliverySettings
from api.service.oidc import OidcSettings
from api.settings import Settings

_SET, _UNSET = "••••••", "—"


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting: the environment variable that changes it, the value that holds, what it means in
    Chinese and English, whether the environment gave it (else it is the usual value)."""

    name: str
    value: str
    meaning: tuple[str, str]
    given: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together."""

    title: tuple[str, str]
    rows: tuple[Shown, ...]


def settings_shown(
    c: Settings,
    delivery: DeliverySettings,
    oidc: OidcSettings | None,
    given: Collection[str],
    *,
    public_read: bool,
) -> Iterator[Group]:
    """All settings, in groups.

    Args:
        c: of the run.
        delivery: of sending.
        oidc: the sign-in service, if there is one.
        given: names of the environment variables that were set at the start.
        public_read: whether public documents are read without signing in, as it holds.
    """

    def rows(*found: tuple[str, object, str, str]) -> tuple[Shown, ...]:
        return tuple(Shown(n, _said(v), (zh, en), n in given) for n, v, zh, en in found)

    yield Group(("服务", "Service"), rows(
        ("DUBAN_STORE", _without_password(c.store_url), "数据库", "the store"),
        ("DUBAN_HOME", c.home, "程序写文件的目录", "folder of what duban writes"),
        ("DUBAN_GOVERNMENT", c.government, "本级政府，空为首份地方文件的印发地", "the home government; empty: that of the first local document"),
        ("DUBAN_CHECKPOINTS", c.checkpoints, "留存日志校验点的文件，空为不留存", "file that keeps checkpoints of the log; empty: none"),
        ("DUBAN_LANG", c.language, "默认语言", "usual language"),
        ("DUBAN_TIMEZONE", c.timezone, "“今天”的时区", "time zone of “today”"),
        ("DUBAN_BASE_URL", c.base_url, "用户看到的网址", "the address that people see"),
        ("DUBAN_BEHIND_TLS", c.behind_tls, "前面有 TLS 代理", "a proxy with TLS stands in front"),
        ("DUBAN_HOSTS", ", ".join(c.hosts), "还用哪些名字访问", "more names under which it is reached"),
        ("DUBAN_PROXIES", ", ".join(c.proxies), "相信哪些代理所说的来源地址", "proxies that are believed"),
        ("DUBAN_PUBLIC_READ", public_read, "公开文件不登录可读", "public documents are read without signing in"),
        ("DUBAN_PUBLIC_METRICS", "" if c.public_metrics is None else c.public_metrics, "运行指标不登录可读，空为只限本机", "metrics are read without signing in; empty: on this machine only"),
        ("DUBAN_READ_SECONDS", f"{c.read_seconds:g}", "一份文件最多读几秒", "seconds that one file may be read"),
        ("DUBAN_RECOGNISED_PAGES", c.recognised_pages, "一份文件最多识别几页图片", "pages of pictures that one file may have"),
        ("DUBAN_SESSION_HOURS", f"{c.session_hours:g}", "登录有效小时数", "hours that a sign-in lasts"),
    ))  # fmt: skip
    yield Group(("检索和问答", "Search and answers"), rows(
        ("DUBAN_EMBEDDING_MODEL", c.embedding_model or "multilingual-e5-small", "向量模型", "model of vectors"),
        ("DUBAN_CACHE", c.model_cache, "模型缓存目录", "folder of models"),
        ("DUBAN_RERANKER", c.reranker, "重排模型", "model that orders the best anew"),
        ("DUBAN_CHROMA_URL", c.chroma_url and _without_password(c.chroma_url), "Chroma 服务，空为内嵌", "a Chroma server; empty: embedded"),
        ("DUBAN_LLM_URL", c.llm_url and _without_password(c.llm_url), "措辞用的语言模型，空为不用", "language model that words answers; empty: none"),
        ("DUBAN_LLM_MODEL", c.llm_model, "模型名称", "its name"),
        ("DUBAN_LLM_KEY", _secret(c.llm_key not in ("", "none")), "模型密钥 (不显示)", "its key (not shown)"),
        ("DUBAN_LLM_TIMEOUT", f"{c.llm_timeout:g}", "等模型的秒数", "seconds to wait for it"),
    ))  # fmt: skip
    at = f"{delivery.weekday.upper()} {delivery.hour:02}:{delivery.minute:02}"
    yield Group(("周报发送", "Sending digests"), rows(
        ("DUBAN_DIGEST_AT", at, "每周发送时间", "when they go out each week"),
        ("DUBAN_DIGEST_WITHIN", delivery.within, "几天内算快到期", "days that count as near"),
        ("DUBAN_DIGEST_ALL_CLEAR", delivery.all_clear, "没有事项的单位也发", "also to units with nothing"),
        ("DUBAN_DIGEST_DROP", delivery.drop, "存放周报文件的目录", "a folder that takes every digest as a file"),
        ("DUBAN_ADDRESSES", sum(len(units) for units in delivery.preset.values()) or "", "地址文件中的地址数", "addresses in the file of addresses"),
        ("DUBAN_WEBHOOK_HOSTS", ", ".join(sorted(delivery.webhook_hosts)), "可在内网的机器人主机", "hosts of webhooks that may be in the own network"),
        ("DUBAN_SMTP_HOST", delivery.smtp_host, "邮件服务器", "mail server"),
        ("DUBAN_SMTP_PORT", delivery.smtp_port, "端口", "its port"),
        ("DUBAN_SMTP_TLS", delivery.smtp_tls, "加密方式", "its encryption"),
        ("DUBAN_SMTP_FROM", delivery.smtp_from, "发件人", "sender"),
        ("DUBAN_SMTP_USER", delivery.smtp_user, "邮件登录名", "its sign-in name"),
        ("DUBAN_SMTP_PASSWORD", _secret(delivery.smtp_password), "邮件口令 (不显示)", "its password (not shown)"),
        ("DUBAN_SMTP_CA", delivery.smtp_ca, "另外信任的证书", "certificates to trust as well"),
    ))  # fmt: skip
    o = oidc or OidcSettings(issuer="", client_id="")
    roles = ", ".join(f"{name}={role.value}" for name, role in o.roles.items())
    yield Group(("统一登录", "Single sign-on"), rows(
        ("DUBAN_OIDC_ISSUER", o.issuer, "登录服务的地址，空为不用", "address of the sign-in service; empty: none"),
        ("DUBAN_OIDC_CLIENT_ID", o.client_id, "本系统在那里的编号", "our id there"),
        ("DUBAN_OIDC_CLIENT_SECRET", _secret(o.client_secret), "密钥 (不显示)", "secret (not shown)"),
        ("DUBAN_OIDC_SCOPES", o.scopes, "所要的范围", "scopes asked for"),
        ("DUBAN_OIDC_LOGIN_CLAIM", o.login_claim, "登录名取自", "claim of the sign-in name"),
        ("DUBAN_OIDC_NAME_CLAIM", o.name_claim, "姓名取自", "claim of the name"),
        ("DUBAN_OIDC_ROLE_CLAIM", o.role_claim, "角色取自", "claim of the groups"),
        ("DUBAN_OIDC_ROLES", roles, "组与角色", "which group has which role"),
        ("DUBAN_OIDC_UNIT_CLAIM", o.unit_claim, "单位取自", "claim of the units"),
    ))  # fmt: skip


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _UNSET if value is None or value == "" else str(value)


def _secret(held: object) -> str:
    return _SET if held else ""


def _without_password(url: str) -> str:
    """An address without the name, password and parameters that may be keys."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
