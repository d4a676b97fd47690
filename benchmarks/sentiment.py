"""Macro-F1 of the sentiment scorer on texts that people have rated, beside plain VADER.

The texts come with the source distribution of vaderSentiment: snippets of newspaper editorials and posts of a social network, each with the
mean of twenty ratings from -4 to 4 (Hutto and Gilbert, ICWSM 2014). Hardly any is about finance, and VADER was made with such texts:
what they show is how much of its quality on ordinary language the financial lexicon costs, not how well it does on financial news.
"""

import csv
import io
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sklearn.metrics import f1_score
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.environment import new_environment, pip
from benchmarks.harness import Measured, repeat, say
from models.sentiment import LexiconScorer

LOCK = Path(__file__).parent / "peers" / "labelled_texts.lock"
TEXTS = {"news": "nytEditorialSnippets_GroundTruth.txt", "posts": "tweets_GroundTruth.txt"}
RATED_AT_LEAST = 0.5
"""A mean rating this far from 0 is positive or negative; what is nearer is neutral."""
SCORED_AT_LEAST = 0.05
"""The same for scores from -1 to 1; VADER's authors recommend this bound."""
UNITS = {f"{kind}_{scorer}": "macro-F1" for kind in TEXTS for scorer in ("ours", "vader")}

Score = Callable[[str], float]


def run(runs: int, cache_dir: Path) -> dict[str, Measured]:
    """Measure both scorers on both kinds of text."""
    rated = {kind: rated_texts(_archive(cache_dir), name) for kind, name in TEXTS.items()}
    plain = SentimentIntensityAnalyzer()
    scorers: Mapping[str, Score] = {"ours": LexiconScorer().score, "vader": lambda text: plain.polarity_scores(text)["compound"]}
    return repeat(
        runs,
        {**UNITS, **{f"{kind}_texts": "texts" for kind in TEXTS}},
        lambda _: {
            **{f"{kind}_{name}": macro_f1(texts, score) for kind, texts in rated.items() for name, score in scorers.items()},
            **{f"{kind}_texts": len(texts) for kind, texts in rated.items()},
        },
    )


def macro_f1(rated: Sequence[tuple[str, float]], score: Score) -> float:
    """Return the mean of the F1 of positive, neutral and negative texts."""
    expected = [_side(rating, RATED_AT_LEAST) for _, rating in rated]
    found = [_side(score(text), SCORED_AT_LEAST) for text, _ in rated]
    return float(f1_score(expected, found, average="macro"))


def rated_texts(archive: Path, name: str) -> list[tuple[str, float]]:
    """Return texts and their mean ratings from a file of the archive inside the source distribution."""
    with tarfile.open(archive) as outer:
        inner = next(one for one in outer.getmembers() if one.name.endswith(".tar.gz"))
        packed = outer.extractfile(inner)
        assert packed is not None
        with tarfile.open(fileobj=io.BytesIO(packed.read())) as archived:
            member = next(one for one in archived.getmembers() if one.name.endswith(name))
            content = archived.extractfile(member)
            assert content is not None
            lines = content.read().decode("utf-8", "replace").splitlines()
    return [(text, float(rating)) for _, rating, text in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _side(value: float, at_least: float) -> int:
    return (value >= at_least) - (value <= -at_least)


def _archive(cache_dir: Path) -> Path:
    """Return the source distribution, downloaded where it is missing; pip checks its hash."""
    folder = cache_dir / "labelled-texts"
    if not any(folder.glob("*.tar.gz")):
        say("downloading the rated texts")
        with tempfile.TemporaryDirectory() as environment:
            python = new_environment(Path(environment))
            pip(python, "download", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), "-r", str(LOCK))
    return next(folder.glob("*.tar.gz"))
