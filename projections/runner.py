"""Reads a topic into a store: nothing lost, nothing twice, whatever fails and whenever.

A batch is folded, what cannot be processed goes to the dead letters, then rows and offsets are stored together. A store that
is not available is asked again, the same batch, for as long as it takes; a partition that has another owner by now is fenced
by the store, and the runner joins the group anew.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import Generic, Protocol, TypeVar

from projections.batch import Batch, Position, batch_of
from projections.batch_span import BatchSpan
from projections.intake import Intake, Partition
from projections.offsets import Claim, Fenced, Move
from projections.patience import Patience, RunnerSettings
from projections.ports import Ambient, ConsumerFactory, DeadLetters, NoTracing, Observer, Tracing, ValueRefused
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
class _Write(Generic[R]):
    """A batch that is being stored while the next one is read and folded."""

    batch: Batch
    rows: R
    bad: int
    generation: int
    begun: float
    future: "Future[None]"
    span: BatchSpan


class Runner(Generic[R]):
    """Runs one projection until it is stopped. Several runners of one projection share its partitions."""

    def __init__(
        self,
        sink: Sink[R],
        open_consumer: ConsumerFactory,
        dead_letters: DeadLetters,
        observer: Observer,
        ambient: Ambient,
        settings: RunnerSettings,
        tracing: Tracing | None = None,
    ) -> None:
        self._sink = sink
        self._open_consumer = open_consumer
        self._dead_letters = dead_letters
        self._observer = observer
        self._ambient = ambient
        self._settings = settings
        self._tracing = tracing or NoTracing()
        self._name = str(sink.projection)
        self._topic = sink.projection.topic
        self._patience = Patience(observer, ambient, settings, self._name, self._report)
        self._positions: dict[Partition, Position] = {}
        self._write: _Write[R] | None = None
        self._buried: set[tuple[int, int]] = set()
        """Places of the dead letters of the batch at hand."""
        self._reported_at = -float("inf")

    def run(self, stop: Event) -> None:
        """Run until ``stop`` is set. LogError, StoreRejected and what the dead letters raise end it; nothing is skipped then."""
        with ThreadPoolExecutor(1, thread_name_prefix=self._name) as writer:
            try:
                while not stop.is_set():
                    try:
                        self._membership(writer, stop)
                    except Fenced as error:
                        log.warning("%s: fenced, joins the group anew: %s", self._name, error)
                        self._observer.fenced(self._name, error)
                        stop.wait(self._settings.retry_first_s * (1 + self._ambient.jitter()))
            finally:
                self._sink.close()

    def _membership(self, writer: Executor, stop: Event) -> None:
        intake = Intake(self._open_consumer, self._sink.projection.group, self._topic)
        self._write = None
        try:
            while not stop.is_set():
                if intake.wanted is not None:
                    self._settle(intake, stop)
                    self._take_over(intake, stop)
                self._step(intake, writer, stop)
                self._report(intake)
            self._settle(intake, stop)
        finally:
            if self._write is not None:
                wait([self._write.future])
            intake.close()

    def _step(self, intake: Intake, writer: Executor, stop: Event) -> None:
        """Read and fold a batch while the one before is stored, then see that one through and begin to store this one."""
        messages = intake.take(self._settings.records_max, self._settings.wait_s)
        batch = batch_of(self._topic, messages, self._positions) if messages else None
        if batch is None:
            self._settle(intake, stop)
            return
        begun, generation = self._ambient.monotonic(), intake.generation
        span = BatchSpan(self._tracing, self._name, batch)
        folded = self._sink.fold(batch.records)
        self._settle(intake, stop)
        if generation != intake.generation or stop.is_set():
            return
        self._buried.clear()
        self._bury(batch, folded.flaws)
        appended_at = batch.appended_at()
        for move in batch.moves:
            position = self._positions[move.topic, move.partition]
            position.read, position.waiting_since = move.next_offset, appended_at[move.partition][0]
        future = writer.submit(self._sink.write, folded.rows, batch.moves)
        self._write = _Write(batch, folded.rows, len(folded.flaws), generation, begun, future, span)

    def _settle(self, intake: Intake, stop: Event) -> None:
        """See the write under way through; where it became pointless meanwhile, what it was about is read again."""
        write, self._write = self._write, None
        if write is None:
            return
        try:
            done = self._patience.see_through(
                intake, write.generation, stop, write.future.result, lambda: self._sink.write(write.rows, write.batch.moves)
            )
            if done:
                self._stored(write.batch, write.bad, write.begun)
        except ValueRefused as error:
            done = self._narrow(intake, write.batch, error, stop)
        if done:
            write.span.stored(len(self._buried))

    def _narrow(self, intake: Intake, batch: Batch, refused: ValueRefused, stop: Event) -> bool:
        """Find the value that the store refuses by halves, so that it alone becomes a dead letter; False as ``_store``."""
        if len(batch.messages) > 1:
            return all(self._store(intake, half, stop) for half in batch.halves())
        self._bury(batch, [Flaw(0, "bad_value", str(refused))])
        begun = self._ambient.monotonic()
        nothing = self._sink.fold(batch.records.part(0, 0)).rows
        done = self._patience.see_through(intake, intake.generation, stop, lambda: self._sink.write(nothing, batch.moves))
        if done:
            self._stored(batch, 1, begun)
        return done

    def _store(self, intake: Intake, batch: Batch, stop: Event) -> bool:
        """Fold a batch and store it before anything else; False where that became pointless."""
        begun = self._ambient.monotonic()
        folded = self._sink.fold(batch.records)
        self._bury(batch, folded.flaws)
        try:
            done = self._patience.see_through(intake, intake.generation, stop, lambda: self._sink.write(folded.rows, batch.moves))
        except ValueRefused as error:
            return self._narrow(intake, batch, error, stop)
        if done:
            self._stored(batch, len(folded.flaws), begun)
        return done

    def _stored(self, batch: Batch, bad: int, begun: float) -> None:
        appended_at = batch.appended_at()
        for move in batch.moves:
            at = self._positions.get((move.topic, move.partition))
            if at is not None:
                at.next_offset, at.stored_until, at.waiting_since = move.next_offset, appended_at[move.partition][1], None
        self._observer.wrote(self._name, len(batch.messages), bad, self._ambient.monotonic() - begun)

    def _bury(self, batch: Batch, flaws: Sequence[Flaw]) -> None:
        """Keep what cannot be processed, once, however often its batch is cut in halves."""
        letters = [letter for flaw in flaws if (letter := batch.bad_record(self._name, flaw)).place not in self._buried]
        if letters:
            log.warning("%s: %d dead letters, the first: %s", self._name, len(letters), letters[0].message)
            self._dead_letters.keep(letters)
            self._buried.update(letter.place for letter in letters)

    def _take_over(self, intake: Intake, stop: Event) -> None:
        wanted, generation = intake.wanted or [], intake.generation
        claims: list[Claim] = []
        self._positions.clear()
        if not self._patience.see_through(intake, generation, stop, lambda: claims.extend(self._sink.claim(wanted))):
            return
        log.info("%s: taken over %s", self._name, [(c.partition, c.next_offset, c.epoch) for c in claims])
        self._positions = {(claim.topic, claim.partition): Position.of(claim) for claim in claims}
        if unfinished := [claim for claim in claims if claim.unfinished is not None]:
            batch = self._unfinished_batch(intake, unfinished, stop)
            if batch is not None:
                self._buried.clear()
                log.info("%s: stores unfinished ranges again: %s", self._name, batch.moves)
                span = BatchSpan(self._tracing, self._name, batch)
                if self._store(intake, batch, stop):
                    span.stored(len(self._buried))
        if generation == intake.generation and not stop.is_set():
            intake.start([Claim(*at, position.resume(), position.epoch) for at, position in self._positions.items()])
            intake.wanted = None

    def _unfinished_batch(self, intake: Intake, unfinished: Sequence[Claim], stop: Event) -> Batch | None:
        """Cut the ranges that a former owner planned as it did: it may have stored them, or not."""
        generation = intake.generation
        ends = {claim.partition: claim.unfinished or 0 for claim in unfinished}
        reached: dict[int, int] = {}
        messages = []
        intake.start(unfinished)
        while any(reached.get(partition, 0) < end for partition, end in ends.items()):
            for message in intake.take(self._settings.records_max, self._settings.wait_s):
                partition, next_offset = message.partition() or 0, (message.offset() or 0) + 1
                reached[partition] = next_offset
                if next_offset <= ends[partition]:
                    messages.append(message)
            if stop.is_set() or generation != intake.generation:
                return None
        return batch_of(self._topic, messages, self._positions)

    def _report(self, intake: Intake) -> None:
        if self._ambient.monotonic() - self._reported_at < self._settings.report_s:
            return
        self._reported_at = self._ambient.monotonic()
        intake.mirror({at: position.next_offset for at, position in self._positions.items()})
        for at, position in self._positions.items():
            late_s = position.late_s(self._ambient.now(), at in intake.ends)
            self._observer.behind(self._name, *at, intake.records_behind(at, position.next_offset), late_s)
