"""What a training run is told."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Everything that decides about a model, beside its history. The same history and config give the same artefact."""

    interval: str
    kind: Literal["lightgbm", "linear"] = "lightgbm"
    horizon_bars: int = 5
    band: float = 0.5
    """Half width of HOLD, in volatilities over the horizon."""
    folds: int = 6
    first_share: float = 0.3
    """Share of the history that is only ever trained on."""
    embargo_bars: int = 5
    rounds: tuple[int, ...] = (100, 125, 150, 200)
    """Numbers of boosting rounds to choose from, out of fold."""
    leaves: int = 15
    depth: int = 5
    learning_rate: float = 0.02
    act_share: float = 0.35
    """Share of decisions, out of fold, whose score passes the threshold."""
    cost_bps: float = 5.0
    """Cost of buying or selling once, in basis points of the amount."""
    threads: int = 1
    seed: int = 20_091_231

    def __post_init__(self) -> None:
        if not self.rounds or list(self.rounds) != sorted(set(self.rounds)) or self.rounds[0] < 1:
            raise ValueError(f"expected ascending numbers of rounds, found {self.rounds}")
        if self.folds < 2 or not 0 < self.first_share < 1:  # noqa: PLR2004  # the first fold only calibrates
            raise ValueError(f"expected two folds or more after a first share, found {self.folds} after {self.first_share}")
