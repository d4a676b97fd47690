"""``autotrader dlq``: dead letters, and sending them again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autotrader.output import OK, PARTIAL, clear_errors, fail, people, print_json

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.operations.letters import Letter, LetterChoice
    from streams.operations.redrive import Plan
    from streams.ports import Clients

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Dead letters: what could not be processed, kept as it was.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Code = Annotated[str | None, typer.Option(help="Only with this code: undecodable, too_late, future …")]
Topic = Annotated[str | None, typer.Option(help="Only of records of this topic.")]
Agent = Annotated[str | None, typer.Option(help="Only what this agent refused.")]

_SHOWN_BYTES = 400


@dataclass(frozen=True, slots=True)
class _Log:
    clients: "Clients"
    codec: "Codec"
    partitions: int
    """Of the dead letters."""
    mark_partitions: int


@app.command(name="list", help="List dead letters, oldest first.\n\nExample: autotrader dlq list --code too_late")
def show_all(
    code: Code = None,
    topic: Topic = None,
    agent: Agent = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the letters."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415  # each command imports what it needs
    from streams.operations.letters import LetterChoice, redriven_origins  # noqa: PLC0415

    with kafka_errors(), clear_errors(ValueError):
        log = _open()
        letters = _letters(log, LetterChoice(code=code, topic=topic, agent=agent))
        sent = redriven_origins(log.clients, range(log.mark_partitions))
    if as_json:
        print_json({"total": len(letters), "dead_letters": [_summary(letter, sent) for letter in letters[:limit]]})
        return
    _print_letters(letters[:limit], sent)
    if len(letters) > limit:
        people().out(f"{len(letters) - limit:,} more: see --limit")


@app.command(
    help="Show a dead letter with its bytes, by its id, the beginning of it, or its place.\n\nExample: autotrader dlq show 2/17"
)
def show(letter: Annotated[str, typer.Argument(help="Id, its beginning, or partition/offset.")], as_json: AsJson = False) -> None:
    """Show one letter."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415
    from streams.operations.letters import LetterChoice, redriven_origins  # noqa: PLC0415
    from streams.operations.redrive import plan  # noqa: PLC0415

    with kafka_errors(), clear_errors(ValueError):
        log = _open()
        found = _letters(log, LetterChoice(names=frozenset({letter})))
        if len(found) != 1:
            fail(f"expected one dead letter {letter}, found {len(found)}")
        sent = redriven_origins(log.clients, range(log.mark_partitions))
        [planned] = plan(found, sent, log.codec)
    details = {**_summary(found[0], sent), **_bytes(found[0]), "now": planned.verdict, "now_reason": planned.reason}
    if as_json:
        print_json(details)
        return
    for name, value in details.items():
        typer.echo(f"{name:>12}  {value}")


@app.command(
    help="Send dead letters to where they came from, each once: bytes, key, headers and partition as they were.\n\n"
    "Those that would still not decode are left, unless --force. The exit code is 3 where some were left.\n\n"
    "Example: autotrader dlq redrive --code unknown_schema --dry-run"
)
def redrive(
    letters: Annotated[list[str] | None, typer.Argument(help="Ids or places; all where none is given.")] = None,
    code: Code = None,
    topic: Topic = None,
    agent: Agent = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Send what does not decode too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Redrive letters."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415
    from streams.operations.letters import LetterChoice, redriven_origins  # noqa: PLC0415
    from streams.operations.redrive import Redrive, RedriveError, plan  # noqa: PLC0415

    with kafka_errors(), clear_errors(ValueError, RedriveError):
        log = _open()
        sending = Redrive(log.clients, log.mark_partitions)
        sent = redriven_origins(log.clients, range(log.mark_partitions)) if dry_run else sending.begin()
        choice = LetterChoice(frozenset(letters or ()), code, topic, agent)
        plans = plan(_letters(log, choice), sent, log.codec)
        verdicts = ("ready", "unreadable") if force else ("ready",)
        chosen = [planned.letter for planned in plans if planned.verdict in verdicts]
        if not dry_run:
            for done in sending.send(chosen):
                people().out(f"{done:,} of {len(chosen):,} sent") if not as_json else None
    left = [planned for planned in plans if planned.verdict not in (*verdicts, "redriven")]
    _report(plans, len(chosen), left, dry_run=dry_run, as_json=as_json)
    raise typer.Exit(PARTIAL if left and not dry_run else OK)


def _open() -> _Log:
    from autotrader.source_clients import SourceClients, quiet  # noqa: PLC0415
    from autotrader.wiring import running_settings  # noqa: PLC0415
    from infra.clients import kafka  # noqa: PLC0415
    from schemas.codec import Codec  # noqa: PLC0415
    from schemas.registry import committed_catalogue  # noqa: PLC0415
    from schemas.topics import CHECKPOINTS, DEAD_LETTERS  # noqa: PLC0415

    settings = running_settings()
    topics = kafka.admin(quiet(settings.kafka), "dlq").list_topics(timeout=15.0).topics
    if missing := {DEAD_LETTERS, CHECKPOINTS} - topics.keys():
        fail(f"expected the topics {', '.join(sorted(missing))}, found none: create them with `autotrader topics create`")
    clients = SourceClients(settings.kafka, "dlq", settings.streams.transaction_timeout_s, paced=True)
    return _Log(clients, Codec(committed_catalogue()), *(len(topics[name].partitions) for name in (DEAD_LETTERS, CHECKPOINTS)))


def _letters(log: _Log, choice: "LetterChoice") -> "list[Letter]":
    from streams.operations.letters import read_letters  # noqa: PLC0415

    return read_letters(log.clients, log.codec, log.partitions, choice)


def _summary(letter: "Letter", sent: set[str]) -> dict[str, Any]:
    from schemas.values import iso  # noqa: PLC0415

    event = letter.event
    return {
        "id": event.id,
        "place": letter.place,
        "origin": letter.origin,
        "agent": event.agent,
        "code": event.code,
        "message": event.message,
        "attempts": event.attempts,
        "appended_at": iso(event.appended_at),
        "redriven": letter.origin in sent,
    }


def _bytes(letter: "Letter") -> dict[str, Any]:
    event = letter.event
    value = event.record_value
    return {
        "key": None if event.record_key is None else event.record_key.decode(errors="replace"),
        "headers": {h.name: None if h.value is None else h.value.decode(errors="replace") for h in event.headers},
        "value_bytes": None if value is None else len(value),
        "value_hex": None if value is None else value[:_SHOWN_BYTES].hex(),
    }


def _print_letters(letters: "list[Letter]", sent: set[str]) -> None:
    from autotrader.tables import print_table, table  # noqa: PLC0415

    shown = table("place", "origin", "agent", "code", "message", "redriven")
    for letter in letters:
        event = letter.event
        shown.add_row(letter.place, letter.origin, event.agent, event.code, event.message, "yes" if letter.origin in sent else "")
    print_table(shown)


def _report(plans: "list[Plan]", sent: int, left: "list[Plan]", *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "letters": len(plans),
                "sent": 0 if dry_run else sent,
                "would_send": sent,
                "redriven_before": sum(planned.verdict == "redriven" for planned in plans),
                "left": [_planned(planned) for planned in left],
                "plans": [_planned(planned) for planned in plans] if dry_run else [],
            }
        )
        return
    if dry_run:
        for planned in plans:
            people().out(f"{planned.letter.origin}: {planned.verdict}, {planned.reason}")
    before = sum(planned.verdict == "redriven" for planned in plans)
    verb = "would be sent" if dry_run else "sent"
    people().out(f"{sent:,} {verb} again, {before:,} were sent before, {len(left):,} left")


def _planned(planned: "Plan") -> dict[str, Any]:
    return {
        "id": planned.letter.event.id,
        "origin": planned.letter.origin,
        "verdict": planned.verdict,
        "reason": planned.reason,
    }
