"""What the platform says of itself."""

from typing import Literal

from api.responses.envelope import Answer, Meta


class Health(Answer):
    """The process answers."""

    status: Literal["ok"]
    service: str


class HealthAnswer(Answer):
    """Liveness."""

    data: Health
    meta: Meta


class Check(Answer):
    """One dependency."""

    name: str
    ok: bool
    detail: str


class Ready(Answer):
    """Every dependency is fit."""

    ready: Literal[True]
    checks: list[Check]


class ReadyAnswer(Answer):
    """Readiness."""

    data: Ready
    meta: Meta


class Index(Answer):
    """Where things are."""

    service: str
    version: str
    links: dict[str, str]


class IndexAnswer(Answer):
    """The index."""

    data: Index
    meta: Meta
