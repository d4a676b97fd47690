"""The demo from start to end."""

import sys
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from confluent_kafka import KafkaException

from autotrader.demo.catching_up import records_behind, until_caught_up
from autotrader.demo.errors import DemoError
from autotrader.demo.figures import Timing, figures
from autotrader.demo.ground import api_address
from autotrader.demo.interrupts import EXIT_INTERRUPTED, Interrupts, interrupts
from autotrader.demo.latest import ApiUnavailableError, Latest, Recommendations, Series
from autotrader.demo.options import Options
from autotrader.demo.outlets import outlet
from autotrader.demo.reporting import Reporter, reporter
from autotrader.demo.session import Session, session
from autotrader.demo.view import View, totals_record
from autotrader.output import OK, print_json
from autotrader.recordings import RecordingError
from autotrader.supervisor import Supervisor
from infra.clients import kafka
from infra.settings import Settings
from streams.sources.problems import FileRefusedError, SourceError

LOOK_S = 0.1
_SHOW_S = 0.5


@dataclass
class Run:
    """One run, from its first moment on."""

    settings: Settings
    options: Options
    stop: threading.Event = field(default_factory=threading.Event)
    supervisors: list[Supervisor] = field(default_factory=list)
    began_s: float = field(default_factory=time.monotonic)
    is_live: bool = False
    """The table stands: from here on Ctrl-C is the usual end."""

    def children(self) -> list[int]:
        """Return the role processes."""
        return [pid for supervisor in self.supervisors for pid in supervisor.pids().values()]


def run_demo(settings: Settings, options: Options) -> int:
    """Run the demo until it is done or told to stop; return the exit code. DemoError where it cannot go on."""
    run = Run(settings, options)
    with interrupts(run.stop, run.children) as handling:
        try:
            _run(run, handling)
        except (KeyboardInterrupt, BrokenPipeError):
            return OK if run.is_live else EXIT_INTERRUPTED
        except FileRefusedError as error:
            raise DemoError(f"{error}. Or take another --data-dir, or begin anew after `autotrader stack reset`") from error
        except (SourceError, RecordingError, KafkaException, TimeoutError, OSError) as error:
            raise DemoError(str(error)) from error
    return OK


def _run(run: Run, handling: Interrupts) -> None:
    with ExitStack() as shown:
        report = shown.enter_context(reporter(sys.stderr))
        with session(run.settings, run.options, run.stop, run.supervisors, report) as opened:
            try:
                api_url = _feed(run, opened, report)
                if run.options.once:
                    _wait_for_all(opened, report)
                    shown.close()
                    _print_figures(run, opened, api_url)
                else:
                    shown.close()
                    run.is_live = True
                    _show(run, opened, api_url)
            finally:
                handling.is_ending = True


def _feed(run: Run, opened: Session, report: Reporter) -> str:
    """Feed, and return the address of the API when there is something to see: all that is told at full speed.

    Where an earlier run has told that, the API comes first, and then there is no need to wait until that is made sure of.
    """
    sees_at_once = opened.was_begun and not run.options.once
    if not sees_at_once:
        opened.start(once=run.options.once)
    api_url = api_address(opened.settings, opened.supervisor, lambda message: report.tell("api", message))
    report.tell("api", api_url)
    if sees_at_once:
        opened.start(once=False)
        return api_url
    while not opened.feeding.has_told_recorded():
        opened.check()
        time.sleep(LOOK_S)
    return api_url


def _wait_for_all(opened: Session, report: Reporter) -> None:
    """Wait until every role has read all there is, and all of it is counted."""
    admin = kafka.admin(opened.settings.kafka, "demo")

    def told(behind: Mapping[str, int]) -> None:
        opened.check()
        late = [f"{role} {records:,}" for role, records in behind.items() if records]
        report.tell("catching up", ", ".join(late) or "all there")

    until_caught_up(lambda: records_behind(opened.clients, admin), told)
    reader = opened.clients.reader(committed=True)
    try:
        for totals in opened.totals:
            totals.settle(reader, opened.check)
    finally:
        reader.close()


def _print_figures(run: Run, opened: Session, api_url: str) -> None:
    timing = Timing(run.began_s, opened.fit_s, opened.trained.seconds, time.monotonic())
    print_json(figures(opened.counts, timing, api_url, opened.trained.models, resumed=opened.feeding.resumed))


def _show(run: Run, opened: Session, api_url: str) -> None:
    """Show the market until told to stop."""
    shown = _Shown(Recommendations(api_url), opened.settings.streams.decision_intervals)
    with outlet(json=run.options.json) as out:
        while True:
            feeding = opened.feeding
            feeding.has_told_recorded()
            trouble = opened.trouble() or shown.ask()
            counts = totals_record(opened.counts)
            out.show(View(api_url, shown.series, shown.latest, counts, dict(feeding.states), feeding.lane_of, trouble))
            time.sleep(_SHOW_S)


@dataclass
class _Shown:
    """What the API has said so far."""

    api: Recommendations
    intervals: Collection[str]
    series: list[Series] = field(default_factory=list)
    latest: dict[Series, Latest] = field(default_factory=dict)

    def ask(self) -> str:
        """Ask anew; return what is wrong with the API, empty where nothing is."""
        try:
            self.series = self.api.series(self.intervals)
            self.latest |= self.api.latest(self.series)
        except ApiUnavailableError as error:
            return str(error)
        return ""
