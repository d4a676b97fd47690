"""An owner commits soon when someone waits and later when nobody does."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from streams.fold import Emission, InputRecord, Output
from streams.runner.owner import CommitSettings, Owner
from streams.runner.stage import Stage
from tests.fakes.marked_log import MarkedLog


class Saying:
    def __init__(self) -> None:
        self.outputs: list[Output] = []

    def restore(self, state: Mapping[bytes, bytes]) -> None: ...

    def apply(self, topic: str, records: Sequence[InputRecord]) -> None: ...

    def has_outputs(self) -> bool:
        return bool(self.outputs)

    def drain(self) -> Emission:
        return Emission()

    def watermark(self) -> int | None:
        return None


def test_state_alone_waits_for_company_and_outputs_do_not() -> None:
    async def seconds_until_due(*, with_output: bool) -> float:
        fold = Saying()
        stage = Stage("bars", ["ticks"], fold, {})
        settings = CommitSettings(state_interval_s=0.2, output_interval_s=0.0)
        one = Owner(3, [stage], MarkedLog().transactional_producer("streams/3"), settings)
        one.committed()
        if with_output:
            fold.outputs = [Output("bars", b"ES", b"bar", [])]
        one.folded(stage, 1)
        began = time.monotonic()
        await one.until_due()
        return time.monotonic() - began

    assert asyncio.run(seconds_until_due(with_output=False)) > 0.1
    assert asyncio.run(seconds_until_due(with_output=True)) < 0.05
