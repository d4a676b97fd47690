"""State and next offsets of each owner, in the compacted topic ``streams.checkpoints``.

Keys: ``agent/partition/offset/topic`` and ``agent/partition/state/…``. A record is written in the transaction that it
describes, so what read_committed shows is always consistent with the outputs.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.ports import Clients, Reader

_OFFSET = struct.Struct("<Bq")
_OFFSET_VERSION = 1


@dataclass(slots=True)
class Checkpoint:
    """What the last owner committed."""

    offsets: dict[str, int] = field(default_factory=dict)
    """Next offset by input topic."""
    state: dict[bytes, bytes] = field(default_factory=dict)


def owner_prefix(agent: str, partition: int) -> bytes:
    """Return what the keys of an owner's records begin with."""
    return f"{agent}/{partition}/".encode()


def offset_record(agent: str, partition: int, topic: str, next_offset: int) -> tuple[bytes, bytes]:
    """Return key and value of the record that says where an owner goes on in a topic."""
    return owner_prefix(agent, partition) + b"offset/" + topic.encode(), _OFFSET.pack(_OFFSET_VERSION, next_offset)


def state_key(agent: str, partition: int, key: bytes) -> bytes:
    """Return the record key of one of an owner's state keys."""
    return owner_prefix(agent, partition) + b"state/" + key


def read_checkpoints(
    clients: Clients, topic: str, partition: int, agents: Iterable[str], timeout_s: float = 60.0
) -> dict[str, Checkpoint]:
    """Read the newest committed checkpoint of each agent for one partition number.

    The end is asked for with read_uncommitted and then read up to with read_committed: a transaction that another owner has
    open would otherwise hide what this owner committed behind it. Raises TimeoutError where such a transaction does not end.
    """
    found = {agent: Checkpoint() for agent in agents}
    prefixes = {owner_prefix(agent, partition): checkpoint for agent, checkpoint in found.items()}
    end = _end_offset(clients, topic, partition, timeout_s)
    if end == 0:
        return found
    reader = clients.reader(committed=True)
    try:
        reader.assign([TopicPartition(topic, partition, 0)])
        _fold_until(reader, end, prefixes, timeout_s)
    finally:
        reader.close()
    return found


def _end_offset(clients: Clients, topic: str, partition: int, timeout_s: float) -> int:
    reader = clients.reader(committed=False)
    try:
        return reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=timeout_s)[1]
    finally:
        reader.close()


def _fold_until(reader: Reader, end: int, prefixes: Mapping[bytes, Checkpoint], timeout_s: float) -> None:
    idle_s = 0.0
    while True:
        messages = reader.consume(num_messages=5000, timeout=0.5)
        idle_s = 0.0 if messages else idle_s + 0.5
        if idle_s > timeout_s:
            raise TimeoutError(f"expected the checkpoints to be readable up to offset {end}; an open transaction is in the way")
        for message in messages:
            error = message.error()
            if error is None:
                _fold(prefixes, message.key(), message.value())
            elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # the library's own name for it
                raise KafkaException(error)
            elif message.offset() >= end:
                return


def _fold(prefixes: Mapping[bytes, Checkpoint], key: bytes, value: bytes | None) -> None:
    agent, _, rest = key.partition(b"/")
    partition, _, rest = rest.partition(b"/")
    checkpoint = prefixes.get(agent + b"/" + partition + b"/")
    if checkpoint is None:
        return
    kind, _, name = rest.partition(b"/")
    if kind == b"state":
        if value is None:
            checkpoint.state.pop(name, None)
        else:
            checkpoint.state[name] = value
    elif kind == b"offset" and value is not None:
        version, next_offset = _OFFSET.unpack(value)
        if version != _OFFSET_VERSION:
            raise ValueError(f"expected a checkpoint of version {_OFFSET_VERSION}, found {version}")
        checkpoint.offsets[name.decode()] = next_offset
