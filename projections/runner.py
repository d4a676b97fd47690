"""Reads a topic into a store: nothing lost, nothing twice, whatever fails and whenever.

A batch is folded, what cannot be processed goes to the dead letters, then rows and offsets are stored together. A store that
is not available is asked again, the same batch, for as long as it takes; a partition that has another owner by now is fenced
by the store, and the runner joins the group anew.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Generic, Protocol, TypeVar

from projections.batch import Batch, Position, batch_of
from projections.intake import Intake, Partition
from projections.offsets import Claim, Fenced, Move
from projections.ports import Ambient, ConsumerFactory, DeadLetters, Observer, StoreUnavailable, ValueRefused
from projections.records import Flaw, Folded, Records
from projections.versions import Projection

R = TypeVar("R")

log = logging.getLogger(__name__)


class Sink(Protocol[R]):
    """A store and what is kept in it."""

    @property
    def projection(self) -> Projection: ...

    def claim(self, partitions: Sequence[Partition]) -> list[Claim]:
        """Take partitions over, from whoever had them."""

    def fold(self, records: Records) -> Folded[R]:
        """Return rows of sound records, and what is wrong with the others."""

    def write(self, rows: R, moves: Sequence[Move]) -> None:
        """Store rows and move the offsets, both or neither. StoreUnavailable, ValueRefused, StoreRejected, Fenced."""

    def close(self) -> None:
        """Let go of the store."""


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """How much is stored at once, and how patient a runner is. Times in seconds."""

    records_max: int = 5_000
    wait_s: float = 0.05
    retry_first_s: float = 0.1
    retry_max_s: float = 5.0
    report_s: float = 1.0
    """How often positions are mirrored to the group and reported while nothing comes."""


class Runner(Generic[R]):
    """Runs one projection until it is stopped. One thread; several runners of one projection share its partitions."""

    def __init__(
        self,
        sink: Sink[R],
        open_consumer: ConsumerFactory,
        dead_letters: DeadLetters,
        observer: Observer,
        ambient: Ambient,
        settings: RunnerSettings,
    ) -> None:
        self._sink = sink
        self._open_consumer = open_consumer
        self._dead_letters = dead_letters
        self._observer = observer
        self._ambient = ambient
        self._settings = settings
        self._name = str(sink.projection)
        self._topic = sink.projection.topic
        self._positions: dict[Partition, Position] = {}
        self._appended_at: dict[int, float] = {}
        self._reported_at = -float("inf")

    def run(self, stop: Event) -> None:
        """Run until ``stop`` is set. LogError, StoreRejected and what the dead letters raise end it; nothing is skipped then."""
        try:
            while not stop.is_set():
                try:
                    self._membership(stop)
                except Fenced as error:
                    self._observer.fenced(self._name, error)
                    stop.wait(self._settings.retry_first_s * (1 + self._ambient.jitter()))
        finally:
            self._sink.close()

    def _membership(self, stop: Event) -> None:
        intake = Intake(self._open_consumer, self._sink.projection.group, self._topic)
        try:
            while not stop.is_set():
                if intake.wanted is not None:
                    self._take_over(intake, stop)
                batch = self._next(intake)
                if batch is not None:
                    self._store(intake, batch, stop)
                self._report(intake)
        finally:
            intake.close()

    def _take_over(self, intake: Intake, stop: Event) -> None:
        wanted, generation = intake.wanted or [], intake.generation
        claims: list[Claim] = []
        self._positions.clear()
        if not self._persist(intake, lambda: claims.extend(self._sink.claim(wanted)), stop):
            return
        log.info("%s: taken over %s", self._name, [(c.partition, c.next_offset, c.epoch) for c in claims])
        self._positions = {(claim.topic, claim.partition): Position.of(claim) for claim in claims}
        unfinished = [claim for claim in claims if claim.unfinished is not None]
        if unfinished:
            self._finish(intake, unfinished, stop)
        if generation == intake.generation and not stop.is_set():
            intake.start([Claim(*at, position.next_offset, position.epoch) for at, position in self._positions.items()])
            intake.wanted = None

    def _finish(self, intake: Intake, unfinished: Sequence[Claim], stop: Event) -> None:
        """Cut the ranges that a former owner planned as it did, and store them again: it may have done so, or not."""
        generation = intake.generation
        ends = {(claim.topic, claim.partition): claim.unfinished or 0 for claim in unfinished}
        reached = {(claim.topic, claim.partition): claim.next_offset for claim in unfinished}
        messages = []
        intake.start(unfinished)
        while any(reached[at] < end for at, end in ends.items()):
            for message in intake.take(self._settings.records_max, self._settings.wait_s):
                at = (self._topic, message.partition() or 0)
                offset = message.offset() or 0
                if offset < ends[at]:
                    messages.append(message)
                    reached[at] = offset + 1
                else:
                    reached[at] = ends[at]
            if stop.is_set() or generation != intake.generation:
                return
        batch = batch_of(self._topic, messages, self._positions)
        if batch is not None:
            log.info("%s: stores unfinished ranges again: %s", self._name, batch.moves)
            self._store(intake, batch, stop)

    def _next(self, intake: Intake) -> Batch | None:
        messages = intake.take(self._settings.records_max, self._settings.wait_s)
        return batch_of(self._topic, messages, self._positions) if messages else None

    def _store(self, intake: Intake, batch: Batch, stop: Event) -> None:
        """Store a batch; a value that the store refuses is looked for by halves, so that it alone becomes a dead letter."""
        begun = self._ambient.monotonic()
        folded = self._sink.fold(batch.records)
        self._bury(batch, folded.flaws)
        bad = len(folded.flaws)
        try:
            if not self._persist(intake, lambda: self._sink.write(folded.rows, batch.moves), stop):
                return
        except ValueRefused as error:
            if len(batch.messages) > 1:
                for half in batch.halves():
                    self._store(intake, half, stop)
                return
            self._bury(batch, [Flaw(0, "bad_value", str(error))])
            bad = 1
            nothing = self._sink.fold(batch.records.part(0, 0)).rows
            if not self._persist(intake, lambda: self._sink.write(nothing, batch.moves), stop):
                return
        self._stored(batch, bad, self._ambient.monotonic() - begun)

    def _stored(self, batch: Batch, bad: int, seconds: float) -> None:
        for move in batch.moves:
            self._positions[move.topic, move.partition].next_offset = move.next_offset
        self._appended_at |= batch.appended_at()
        self._observer.wrote(self._name, len(batch.messages), bad, seconds)

    def _bury(self, batch: Batch, flaws: Sequence[Flaw]) -> None:
        if flaws:
            self._dead_letters.keep([batch.bad_record(self._name, flaw) for flaw in flaws])

    def _persist(self, intake: Intake, work: Callable[[], Any], stop: Event) -> bool:
        """Do the work, again and again while the store is not available; False where it became pointless meanwhile."""
        generation, attempt = intake.generation, 0
        while True:
            try:
                work()
            except StoreUnavailable as error:
                attempt += 1
                longest = min(self._settings.retry_max_s, self._settings.retry_first_s * 2 ** min(attempt - 1, 20))
                delay_s = longest * (0.5 + self._ambient.jitter() / 2)
                self._observer.retrying(self._name, attempt, delay_s, error)
                self._rest(intake, delay_s, stop)
                if stop.is_set() or generation != intake.generation:
                    return False
            else:
                return True

    def _rest(self, intake: Intake, delay_s: float, stop: Event) -> None:
        end = self._ambient.monotonic() + delay_s
        while (left := end - self._ambient.monotonic()) > 0 and not stop.is_set():
            intake.idle(min(left, 0.2))
            self._report(intake)

    def _report(self, intake: Intake) -> None:
        if self._ambient.monotonic() - self._reported_at < self._settings.report_s:
            return
        self._reported_at = self._ambient.monotonic()
        intake.mirror({at: position.next_offset for at, position in self._positions.items()})
        for at, position in self._positions.items():
            appended_at = self._appended_at.get(at[1])
            late_s = 0.0 if appended_at is None or at in intake.ends else max(0.0, self._ambient.now() - appended_at)
            self._observer.behind(self._name, *at, intake.records_behind(at, position.next_offset), late_s)
