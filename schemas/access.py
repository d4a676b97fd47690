"""Who may do what on Kafka: roles of processes by topic, and the access list (Kafka ACLs) that follows from them.

A role is a Kafka principal ``User:autotrader-<role>``. Nothing else may write to these topics; other teams get ``reader``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.topics import ACTIONS, BARS, CHECKPOINTS, DEAD_LETTERS, FEATURES, NEWS, RECOMMENDATIONS, SOCIAL, TICKS, TOPICS

Operation = Literal["Read", "Write", "Describe", "Create", "Alter", "AlterConfigs", "Delete", "IdempotentWrite"]
Resource = Literal["Topic", "Group", "TransactionalId", "Cluster"]


@dataclass(frozen=True)
class Role:
    """One kind of process: the topics it reads and writes, and what its groups and transactional ids begin with."""

    name: str
    doc: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    transactional_ids: tuple[str, ...] = ()
    administers: bool = False


_STREAM_STATE = (DEAD_LETTERS, CHECKPOINTS)
_AGENT_GROUPS = ("streams", "unused")  # a consumer that is assigned its partitions has to name a group too, and never joins it
_PUBLIC = tuple(name for name, topic in TOPICS.items() if topic.events)

ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role(
            "ingest",
            "Brings recordings and feeds in; how far it has come commits with what it wrote.",
            reads=(TICKS, BARS, ACTIONS, NEWS, SOCIAL, CHECKPOINTS),
            writes=(TICKS, BARS, ACTIONS, NEWS, SOCIAL, CHECKPOINTS),
            groups=("unused",),
            transactional_ids=("ingest/",),
        ),
        Role(
            "bars",
            "Agent: ticks to bars by event time.",
            reads=(TICKS, CHECKPOINTS),
            writes=(BARS, *_STREAM_STATE),
            groups=_AGENT_GROUPS,
            transactional_ids=("streams/",),
        ),
        Role(
            "features",
            "Agent: bars, corporate actions, news and posts to features; states on behalf of silent sources that they are silent.",
            reads=(BARS, ACTIONS, NEWS, SOCIAL, CHECKPOINTS),
            writes=(FEATURES, ACTIONS, NEWS, SOCIAL, *_STREAM_STATE),
            groups=_AGENT_GROUPS,
            transactional_ids=("streams/",),
        ),
        Role(
            "recommendations",
            "Agent: features to explained recommendations.",
            reads=(FEATURES, CHECKPOINTS),
            writes=(RECOMMENDATIONS, *_STREAM_STATE),
            groups=_AGENT_GROUPS,
            transactional_ids=("streams/",),
        ),
        Role(
            "projections",
            "Folds events into the read models.",
            reads=(BARS, FEATURES, RECOMMENDATIONS),
            writes=(DEAD_LETTERS,),
            groups=("projections.",),
        ),
        Role("api", "Answers from the read models; has no business on Kafka."),
        Role(
            "reader",
            "Other teams' consumers, and exports: every public topic, read only.",
            reads=_PUBLIC,
            groups=("readers.", "unused"),
        ),
        Role(
            "operator",
            "A person with the command: creates topics, sends dead letters back to where they came from.",
            reads=tuple(TOPICS),
            writes=(TICKS, BARS, ACTIONS, NEWS, SOCIAL, FEATURES, RECOMMENDATIONS, CHECKPOINTS),
            groups=("streams", "projections.", "unused"),
            transactional_ids=("redrive",),
            administers=True,
        ),
    )
}

AGENTS: tuple[str, ...] = ("bars", "features", "recommendations")
"""The roles that are stream agents. Those of one worker share its process, its transactions, and so one principal."""


@dataclass(frozen=True, order=True)
class Grant:
    """One line of the access list. ``prefixed``: it holds for every name that begins with this one."""

    principal: str
    resource: Resource
    name: str
    operation: Operation
    prefixed: bool = False


def principal_of(role: str) -> str:
    """Return the Kafka principal of a role."""
    return f"User:autotrader-{role}"


def access_list(roles: Iterable[Role] = tuple(ROLES.values())) -> list[Grant]:
    """Return every grant that the roles need, in a stable order; all else is denied."""
    return sorted(grant for role in roles for grant in _grants(role))


def _grants(role: Role) -> set[Grant]:
    principal = principal_of(role.name)
    grants = {Grant(principal, "Topic", topic, operation) for topic in role.reads for operation in ("Read", "Describe")}
    grants |= {Grant(principal, "Topic", topic, operation) for topic in role.writes for operation in ("Write", "Describe")}
    grants |= {
        Grant(principal, "Group", group, operation, prefixed=True) for group in role.groups for operation in ("Read", "Describe")
    }
    grants |= {
        Grant(principal, "TransactionalId", begin, operation, prefixed=True)
        for begin in role.transactional_ids
        for operation in ("Write", "Describe")
    }
    if role.writes:
        grants.add(Grant(principal, "Cluster", "kafka-cluster", "IdempotentWrite"))
    if role.administers:
        grants |= {
            Grant(principal, "Topic", topic, operation) for topic in TOPICS for operation in ("Create", "Alter", "AlterConfigs")
        }
    return grants


def access_document() -> str:
    """Return the access list as the committed Markdown page."""
    lines = [
        "# Who may do what on Kafka",
        "",
        "Generated from `schemas/access.py` by `autotrader schemas check --write`; a test fails when it is stale.",
        "",
        "| role | is | reads | writes |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{r.name}` | {r.doc} | {_names(r.reads)} | {_names(r.writes)} |" for r in ROLES.values()]
    lines += ["", "## Access list", "", "Everything that is not listed is denied.", ""]
    lines += ["| principal | resource | name | pattern | operation |", "|---|---|---|---|---|"]
    lines += [
        f"| `{g.principal}` | {g.resource} | `{g.name}` | {'prefixed' if g.prefixed else 'literal'} | {g.operation} |"
        for g in access_list()
    ]
    return "\n".join(lines) + "\n"


def _names(topics: Iterable[str]) -> str:
    return ", ".join(f"`{topic}`" for topic in topics) or "nothing"
