"""Reference data that is read in place where it lies beside the checkout, and never part of it."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent


def reference_file(name: str) -> Path:
    """Return where a file of the reference data lies: in the folder REFERENCE_DATA, or in a folder ``*/data`` beside the checkout.

    Skips the test where it is in neither; such a test carries the marker ``reference_data``, so that this skip is an expected one.
    """
    folders = [Path(os.environ["REFERENCE_DATA"])] if "REFERENCE_DATA" in os.environ else sorted(_ROOT.parent.glob("*/data"))
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"reference data {name} is not beside the checkout")
