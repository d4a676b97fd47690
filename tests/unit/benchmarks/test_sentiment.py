"""Rated texts are read from the archive within the archive, and a scorer is judged by all three sides alike."""

import io
import tarfile
from pathlib import Path

import pytest

from benchmarks.sentiment import macro_f1, rated_texts


def packed(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def test_texts_and_ratings_come_from_the_inner_archive(tmp_path: Path) -> None:
    inner = packed("set/tweets.txt", b'1\t2.5\tSo "good"\n2\t-1.0\tbad\n')
    (tmp_path / "source.tar.gz").write_bytes(packed("source/set.tar.gz", inner))

    assert [('So "good"', 2.5), ("bad", -1.0)] == rated_texts(tmp_path / "source.tar.gz", "tweets.txt")


def test_a_perfect_scorer_has_one_and_one_that_says_nothing_a_third_of_the_neutral_score() -> None:
    rated = [("a", 2.0), ("b", 0.0), ("c", -2.0)]

    assert 1.0 == macro_f1(rated, {"a": 0.9, "b": 0.0, "c": -0.9}.__getitem__)
    assert pytest.approx(0.5 / 3) == macro_f1(rated, lambda _: 0.0)
