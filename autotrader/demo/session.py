"""Everything a running demo has at hand, brought up in order; what was opened is closed in the opposite order."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autotrader.demo.errors import DemoError
from autotrader.demo.feeding import Feeding, day_by_day, many_times
from autotrader.demo.futures import TickLane
from autotrader.demo.ground import create_topics, only_demo, roles_running, stack_up
from autotrader.demo.options import Options
from autotrader.demo.plan import HELD_BACK, HISTORY
from autotrader.demo.recordings import read_story
from autotrader.demo.reporting import Reporter
from autotrader.demo.stocks import StockLane
from autotrader.demo.telling import Telling, read_positions
from autotrader.demo.totals import Counts, TopicTotals
from autotrader.demo.training import Trained, ensure_models
from autotrader.recordings import recorded_ticks
from autotrader.source_clients import SourceClients
from autotrader.supervisor import Supervisor
from infra.clients import kafka
from infra.settings import Settings
from infra.telemetry import configure_logging
from infra.tracing import span_tracing
from schemas.codec import Codec
from schemas.registry import committed_catalogue
from schemas.topics import ACTIONS, BARS, DEAD_LETTERS, FEATURES, NEWS, RECOMMENDATIONS, SOCIAL, TICKS

_DERIVED = (RECOMMENDATIONS, FEATURES, BARS, DEAD_LETTERS, ACTIONS, NEWS, SOCIAL)
RESTARTS_MAX = 8
FIRST_RECOMMENDATION_S = 20.0
_LOOK_S = 0.05
_TROUBLE_S = 20.0


@dataclass
class Session:
    """A demo whose roles run."""

    settings: Settings
    clients: SourceClients
    supervisor: Supervisor
    feeding: Feeding
    trained: Trained
    totals: tuple[TopicTotals, ...]
    fit_s: float
    """When the stack was healthy and the models were there, on the monotonic clock."""
    _restarts: tuple[int, float] = (0, -_TROUBLE_S)
    """How often a role was started again, and when that was noticed."""

    @property
    def was_begun(self) -> bool:
        """Whether an earlier run has told something here."""
        return bool(self.feeding.telling.positions)

    def start(self, *, once: bool) -> None:
        """Begin to count and to feed."""
        for totals in self.totals:
            totals.start()
        self.feeding.start([HISTORY, HELD_BACK] if once else [HISTORY], go_on=not once)

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        counts = Counts()
        for totals in self.totals:
            counts |= totals.counts
        return counts

    def trouble(self) -> str:
        """Return what is wrong with the roles; empty where they have run as they should of late."""
        restarts, now_s = self.supervisor.restarts(), time.monotonic()
        if restarts != self._restarts[0]:
            self._restarts = restarts, now_s
        return f"a role left and was started again; logs: {self.logs}" if now_s - self._restarts[1] < _TROUBLE_S else ""

    def check(self) -> None:
        """Raise DemoError where the roles do not stay up."""
        if (restarts := self.supervisor.restarts()) > RESTARTS_MAX:
            raise DemoError(
                f"expected the roles to stay up, found that they were started again {restarts} times; logs: {self.logs}"
            )

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.settings.data_dir / "logs"


@contextmanager
def session(
    settings: Settings, options: Options, stop: threading.Event, supervisors: list[Supervisor], report: Reporter
) -> Iterator[Session]:
    """Bring everything up; ``supervisors`` is given the supervisor as soon as there is one."""
    codec = Codec(committed_catalogue())
    story, ticks = cache(lambda: read_story(codec)), cache(recorded_ticks)
    lateness_us = round(settings.streams.lateness_s * 1_000_000)
    with ExitStack() as held:
        held.enter_context(only_demo(settings.data_dir))
        settings = held.enter_context(stack_up(settings, report))
        _log_to_file(settings, held)
        create_topics(settings)
        trained = ensure_models(
            settings.models_folder, story, ticks, codec, lateness_us, lambda what, share: report.tell("training", what, share, 1.0)
        )
        fit_s = time.monotonic()
        supervisor = held.enter_context(roles_running(settings, stop))
        supervisors.append(supervisor)
        totals = tuple(held.enter_context(_counting(settings, topics, codec)) for topics in (_DERIVED, (TICKS,)))
        clients = SourceClients(settings.kafka, "demo", settings.streams.transaction_timeout_s)
        positions = read_positions(clients, settings.kafka.topic_partitions)
        feeding = Feeding(
            Telling(clients, codec, stop, positions, span_tracing("demo", settings.telemetry)),
            lambda: [
                (StockLane(story(), codec, options.slice), day_by_day),
                (TickLane(ticks(), codec, options.slice, lateness_us), many_times),
            ],
            options.speeds,
            lambda topic, done, total: report.tell(topic, "telling", done, total),
            lambda: _await_first_recommendation(totals[0], stop),
        )
        held.callback(_end, stop, feeding)
        yield Session(settings, clients, supervisor, feeding, trained, totals, fit_s)


def _await_first_recommendation(totals: TopicTotals, stop: threading.Event) -> None:
    """Let the daily bars through to a recommendation before half a million ticks queue up behind them."""
    until_s = time.monotonic() + FIRST_RECOMMENDATION_S
    while totals.counts.first_recommendation_s is None and time.monotonic() < until_s and not stop.wait(_LOOK_S):
        pass


def _end(stop: threading.Event, feeding: Feeding) -> None:
    stop.set()
    feeding.join()


@contextmanager
def _counting(settings: Settings, topics: tuple[str, ...], codec: Codec) -> Iterator[TopicTotals]:
    consumer = kafka.consumer(settings.kafka, "demo-totals", "unused", enable_partition_eof=True)
    totals = TopicTotals(consumer, topics, codec)
    try:
        yield totals
    finally:
        totals.close()


def _log_to_file(settings: Settings, held: ExitStack) -> None:
    """Keep logs away from what is drawn on the terminal."""
    logs = settings.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    configure_logging("demo", level=settings.telemetry.log_level, stream=held.enter_context((logs / "demo.log").open("a")))
