"""A component that dies under load and comes back: all catches up without a person, nothing is lost or doubled."""

import pytest

from infra.local.stack import EmbeddedStack
from projections.clickhouse_runner import ClickHouseSink
from projections.postgres_runner import PostgresSink
from projections.versions import Projection
from projections.views.bars import BarsView
from projections.views.symbols import SymbolsView
from schemas.events.market import BarClosed
from schemas.ids import derived_id
from tests.builders import MINUTE, T0, bar
from tests.integration.projections.world import World

pytestmark = pytest.mark.stack

BATCH = 200


def some(first: int) -> list[BarClosed]:
    return [bar(id=derived_id("market.bar", at), symbol=f"S{at % 9}", start=T0 + at * MINUTE) for at in range(first, first + BATCH)]


@pytest.mark.parametrize("component", ["kafka", "postgres", "clickhouse"])
def test_a_component_that_is_killed_is_waited_for(world: World, stack: EmbeddedStack, component: str) -> None:
    in_clickhouse = world.projection()
    in_postgres = Projection(f"{world.namespace}-symbols", world.topic, 1, world.namespace)
    world.produce(some(0))
    runners = (
        world.runner(ClickHouseSink(BarsView(world.codec, in_clickhouse), world.analytics, world.connect)),
        world.runner(PostgresSink(SymbolsView(world.codec, in_postgres), world.connect)),
    )
    with world.running(*runners):
        world.until(lambda: world.watcher.stored > 0, "a beginning")
        if component != "kafka":
            world.produce(some(BATCH))
        stack.kill(component)
        try:
            if component != "kafka":
                world.produce(some(2 * BATCH))
                world.until(lambda: world.watcher.retries > 1, "some attempts")
        finally:
            stack.start(component)
        world.produce(some(3 * BATCH))
        ends = world.ends()
        world.until(lambda: world.stands(in_clickhouse) == world.stands(in_postgres) == ends, f"both at {ends}")

    expected = BATCH * (2 if component == "kafka" else 4)
    text = f"SELECT count() AS bars, uniqExact(id) AS ids FROM {in_clickhouse.schema}.bars FINAL"
    assert {"bars": [expected], "ids": [expected]} == world.analytics.query(text)
    assert [(expected,)] == world.rows(f"SELECT sum(bars)::int FROM {in_postgres.schema}.symbols")
