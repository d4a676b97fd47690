"""An application over memory, and what its read models hold."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx
import numpy as np
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from api.app import build_app
from api.deps import ApiSettings, Deps
from api.ports import Finding, Probe
from models.calibration import Calibration
from models.predictor import Card, Predictor
from models.predictors.linear import LinearModel, LinearPredictor
from projections.views.bars import BarRow
from projections.views.features import FeatureRow
from projections.views.symbols import Series, SymbolRow
from schemas.events.recommendations import FamilyOpinion, RecommendationMade
from schemas.features import FEATURE_NAMES, FEATURE_SET, FEATURES
from schemas.ids import derived_id
from schemas.registry import committed_catalogue
from schemas.samples import samples
from schemas.values import interval_us
from tests.builders import MINUTE, T0
from tests.fakes.read_models import MemoryReads

T = TypeVar("T")

NOW = T0 + 60 * MINUTE
HOSTS = ("testserver", "localhost", "127.0.0.1")


def recommendation(number: int = 0, **changes: Any) -> RecommendationMade:
    """One recommendation of many: a minute after the one before."""
    [sample] = [one for one in samples() if isinstance(one, RecommendationMade)]
    decided_at = changes.pop("decided_at", T0 + number * MINUTE)
    values = {
        "id": derived_id("recommendations.made", "test", number),
        "symbol": "AAPL",
        "action": "BUY",
        "confidence": 0.5,
        "synthetic": False,
        "decided_at": decided_at,
        "valid_until": decided_at + 2 * MINUTE,
        "families": (
            FamilyOpinion(name="technical", score=0.6, weight=1.0, contribution=0.6, learnt=True, present=True),
            FamilyOpinion(name="sentiment", score=-0.5, weight=1.0, contribution=-0.5, learnt=False, present=True),
            FamilyOpinion(name="social", score=0.0, weight=1.0, contribution=0.0, learnt=False, present=False),
        ),
    }
    return sample.model_copy(update={**values, **changes})


def bar_row(number: int = 0, **changes: Any) -> BarRow:
    start = T0 + number * MINUTE
    values = {
        "id": derived_id("market.bar", "test", number),
        "symbol": "AAPL",
        "interval": "1m",
        "source": "test",
        "start": start,
        "end": start + MINUTE,
        "open": 100.0,
        "high": 101.0,
        "low": 99.0,
        "close": 100.5,
        "volume": 10.0,
        "vwap": 100.2,
        "trades": 3,
        "revision": 0,
        "origin_kind": "built",
        "available_at": start + MINUTE,
    }
    return BarRow(**{**values, **changes})


def feature_row(number: int = 0, **changes: Any) -> FeatureRow:
    interval = changes.get("interval", "1d")
    timestamp = T0 + number * MINUTE
    values = {
        "id": derived_id("signals.features", "test", number),
        "symbol": "AAPL",
        "interval": interval,
        "source": "test",
        "start": timestamp - interval_us(interval),
        "timestamp": timestamp,
        "available_at": timestamp,
        "price": 100.0,
        "volume": 10.0,
        "bar_id": derived_id("market.bar", "test", number),
        "feature_set": FEATURE_SET,
        "synthetic": True,
        "bars_seen": 90,
        "missing": ("market.social",),
        "inputs": ("a", "b"),
        "raw": dict.fromkeys(FEATURE_NAMES, 0.25) | {"social_score": float("nan")},
        "normalised": dict.fromkeys(FEATURE_NAMES, 1.0) | {"social_score": float("nan")},
    }
    return FeatureRow(**{**values, **changes})


def symbol_row(symbol: str = "AAPL") -> SymbolRow:
    return SymbolRow(symbol, 100.5, T0, (Series("1m", "test", 3, T0 - 3 * MINUTE, T0, 100.5),))


def predictor(interval: str = "1d", trained_until: int = T0 - 1) -> Predictor:
    """A model that buys where the sum of the technical features is above 0."""
    columns = np.array([place for place, feature in enumerate(FEATURES) if feature.family == "technical"], np.int64)
    buy = np.full(len(columns), 0.1)
    model = LinearModel(np.stack([-buy, np.zeros(len(columns)), buy]), np.zeros(3), np.zeros(len(columns)))
    return LinearPredictor(Card("f" * 64, interval, FEATURE_SET, trained_until, 0.2), model, columns, Calibration(1.0, 0.0, 1.0))


async def _fit() -> Finding:
    return Finding(ok=True, detail="answers")


class Client:
    """Asks an application in memory; one event loop from the first request to the last."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.http.aclose())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.run(self.http.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


@dataclass
class Built:
    """An application and the memory behind it."""

    reads: MemoryReads = field(default_factory=MemoryReads)
    settings: ApiSettings = field(default_factory=lambda: ApiSettings(allowed_hosts=HOSTS, cache_s=0))
    probes: Mapping[str, Probe] = field(default_factory=lambda: {"postgres": _fit})
    predictors: Mapping[str, Predictor] = field(default_factory=lambda: {"1d": predictor()})
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    now: int = NOW
    more: Mapping[str, Any] = field(default_factory=dict)

    def app(self) -> Starlette:
        self.registry = CollectorRegistry()
        deps = Deps(
            recommendations=self.reads,
            symbols=self.reads,
            series=self.reads,
            catalogue=committed_catalogue(),
            clock=lambda: self.now,
            metrics=self.registry,
            probes=self.probes,
            predictors=self.predictors,
            settings=self.settings,
            **self.more,
        )
        return build_app(deps)

    def client(self) -> "Client":
        return Client(self.app())


def stocked() -> MemoryReads:
    """Memory with some of everything."""
    reads = MemoryReads(recommendation(number, symbol=("AAPL", "MSFT")[number % 2]) for number in range(10))
    reads.symbol_rows = [symbol_row()]
    reads.bar_rows = [bar_row(number) for number in range(5)]
    reads.feature_rows = [feature_row(number) for number in range(5)]
    return reads
