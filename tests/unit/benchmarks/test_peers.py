"""The transport benchmark runs our transport without the runner: what stands in for it has all that the transport asks for."""

import inspect

from benchmarks.peers.ours import FromTheStart
from streams.transport.chunk_consumer import Positions


def test_positions_without_a_runner_answer_all_that_the_transport_asks() -> None:
    asked = {name: inspect.signature(member) for name, member in vars(Positions).items() if inspect.isfunction(member)}
    public = {name: signature for name, signature in asked.items() if not name.startswith("_")}

    assert public
    for name, signature in public.items():
        assert list(signature.parameters) == list(inspect.signature(getattr(FromTheStart, name)).parameters), name
