"""The demo's own minute model, for the benchmarks that judge."""

from pathlib import Path

from autotrader.training import TrainingRequest, run_training
from benchmarks.harness import say
from models.artifacts import current, load, save, set_current

MINUTE = "1m"
LATENESS_US = 2_000_000


def demo_model(data_dir: Path) -> tuple[Path, str]:
    """Return the folder of the models and the id of the one that serves minutes, trained as the demo does where it is missing."""
    folder = data_dir / "models"
    if MINUTE not in current(folder):
        say("training the demo's minute model")
        run_training(TrainingRequest((MINUTE,), "lightgbm", force=False), folder, LATENESS_US, quiet=True)
    return folder, current(folder)[MINUTE]


def serve_demo_model(data_dir: Path, folder: Path, interval: str) -> None:
    """Let the demo's minute model serve another interval, as an artefact of its own in another folder.

    What it says of such bars means nothing; how long it takes to say it does.
    """
    source, model_id = demo_model(data_dir)
    stored = load(source, model_id)
    manifest = {name: value for name, value in stored.manifest.items() if name not in {"files", "format"}}
    ref = save(folder, {**manifest, "interval": interval}, stored.files)
    set_current(folder, interval, ref.id)
