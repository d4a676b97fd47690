"""Blocks of rows as the readers hand them out."""

import numpy as np
import pyarrow as pa

from streams.sources.blocks import RowBlock


def text_block(first_row: int = 0, **columns: list[str | None]) -> RowBlock:
    """Return a block of a CSV file with one header line."""
    arrays = {name: pa.array([None if v is None else v.encode() for v in values], pa.binary()) for name, values in columns.items()}
    rows = len(next(iter(columns.values())))
    return RowBlock(np.arange(first_row, first_row + rows), arrays, 2)
