"""What ``autotrader train`` does: the recordings' past as bars, a model of each interval, and which of them serve."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.progress import Progress

from autotrader.demo.training import columns_of, daily_history, minute_history
from autotrader.output import people
from autotrader.recordings import daily_recording, recorded_ticks
from models.artifacts import current, load, set_current
from models.training.config import TrainingConfig
from models.training.train import train
from schemas.codec import Codec
from schemas.events.market import BarClosed, CorporateAction
from schemas.registry import committed_catalogue


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """Which models are asked for."""

    intervals: tuple[str, ...]
    kind: Literal["lightgbm", "linear"]
    force: bool


def run_training(request: TrainingRequest, folder: Path, lateness_us: int, *, quiet: bool) -> dict[str, Any]:
    """Train what is asked for and return what serves; RecordingError, HistoryError, TrainingError, ArtifactError."""
    began = time.monotonic()
    trained = [interval for interval in request.intervals if request.force or interval not in current(folder)]
    with Progress(console=people(), transient=True, disable=quiet) as progress:
        for interval in trained:
            task = progress.add_task(f"{interval}: reading the recording", total=1.0)
            bars, splits = _history(interval, lateness_us)

            def told(what: str, share: float, task: Any = task) -> None:
                progress.update(task, description=what, completed=share)

            ref = train(columns_of(bars), splits, TrainingConfig(interval, request.kind), folder, told)
            set_current(folder, interval, ref.id)
    serving = current(folder)
    return {
        "folder": str(folder),
        "models": [_model(folder, serving[interval], trained=interval in trained) for interval in request.intervals],
        "training_s": round(time.monotonic() - began, 3),
    }


def _history(interval: str, lateness_us: int) -> tuple[list[BarClosed], list[CorporateAction]]:
    if interval == "1d":
        daily = daily_recording()
        return daily_history(daily.bars), list(daily.splits)
    return minute_history(recorded_ticks(), Codec(committed_catalogue()), lateness_us), []


def _model(folder: Path, model_id: str, *, trained: bool) -> dict[str, Any]:
    manifest = load(folder, model_id).manifest
    return {
        "interval": manifest["interval"],
        "id": model_id,
        "path": str(folder / model_id),
        "trained": trained,
        "rows": manifest["rows"],
        "edge": manifest.get("metrics", {}).get("edge", {}),
    }
