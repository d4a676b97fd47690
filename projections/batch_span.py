"""The span of a batch: from when it is read until it is stored."""

from projections.batch import Batch
from projections.ports import Tracing


class BatchSpan:
    """Continues the trace of the batch's first record that carries one.

    It ends with the batch stored. One that is given up is read again, here or by another owner, and has its span then.
    """

    def __init__(self, tracing: Tracing, projection: str, batch: Batch) -> None:
        self._projection = projection
        self._batch = batch
        self._span = tracing.begin(f"{projection} store", (message.headers() or () for message in batch.messages))

    def stored(self, bad: int) -> None:
        """End it: all of the batch is stored, but for the records that became dead letters."""
        moves = self._batch.moves
        self._span.end(
            {
                "projection": self._projection,
                "topic": self._batch.topic,
                "partitions": [move.partition for move in moves],
                "first_offsets": [move.first_offset for move in moves],
                "last_offsets": [move.next_offset - 1 for move in moves],
                "rows": len(self._batch.messages) - bad,
            }
        )
