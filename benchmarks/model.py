"""The demo's own minute model, for the benchmarks that judge."""

import shutil
from pathlib import Path

from benchmarks.harness import say
from models.artifacts import current, set_current

MINUTE = "1m"


def demo_model(data_dir: Path) -> tuple[Path, str]:
    """Return the folder of the models and the id of the one that serves minutes, trained as the demo does where it is missing."""
    folder = data_dir / "models"
    if MINUTE not in current(folder):
        from autotrader.training import train_missing  # noqa: PLC0415

        say("training the demo's models")
        train_missing(folder)
    return folder, current(folder)[MINUTE]


def serve_demo_model(data_dir: Path, folder: Path, interval: str) -> None:
    """Let the demo's minute model serve an interval in another folder."""
    source, model_id = demo_model(data_dir)
    shutil.copytree(source / model_id, folder / model_id)
    set_current(folder, interval, model_id)
