"""How a text about a symbol sounds to whoever holds it: a number from -1 to 1."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from string import punctuation
from typing import Any, Protocol

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_PHRASE_WORDS_MAX = 4
_REACH = 4
"""A direction and a quantity at most so many words apart are one judgement."""
_JUDGEMENT = 2.0
_ALONE = 1.0
_CARRIERS = {-_JUDGEMENT: "judgedill", _JUDGEMENT: "judgedwell"}
"""Words that no text contains, which carry a judgement into the analyser."""


class SentimentScorer(Protocol):
    """Scores text; the same text always gives the same score."""

    @property
    def name(self) -> str:
        """Return the name and version that scores are kept under."""

    def score(self, text: str) -> float:
        """Return the sentiment of a text, -1 (worst) to 1 (best), 0 where it says nothing."""


class LexiconError(ValueError):
    """A line of the lexicon cannot be read."""


@dataclass(frozen=True)
class Lexicon:
    """Financial words: weights on VADER's scale, -4 to 4, and how directions and quantities combine."""

    words: dict[str, float] = field(default_factory=dict)
    phrases: dict[tuple[str, ...], float] = field(default_factory=dict)
    neutral: set[str] = field(default_factory=set)
    directions: dict[str, int] = field(default_factory=dict)
    quantities: dict[str, int] = field(default_factory=dict)


def read_lexicon(lines: Iterator[str]) -> Lexicon:
    """Return the lexicon of tab-separated lines; LexiconError names the line that cannot be read."""
    lexicon = Lexicon()
    signs: Mapping[str, tuple[dict[str, int], int]] = {
        "up": (lexicon.directions, 1),
        "down": (lexicon.directions, -1),
        "good": (lexicon.quantities, 1),
        "bad": (lexicon.quantities, -1),
    }
    for number, line in enumerate(lines, start=1):
        match line.rstrip("\n").split("\t"):
            case [comment] if not comment or comment.startswith("#"):
                continue
            case ["word", word, weight]:
                lexicon.words[word] = float(weight)
            case ["phrase", phrase, weight]:
                lexicon.phrases[tuple(phrase.split())] = float(weight)
            case ["neutral", word]:
                lexicon.neutral.add(word)
            case [("up" | "down" | "good" | "bad") as kind, word]:
                signs[kind][0][word] = signs[kind][1]
            case other:
                raise LexiconError(f"expected a kind, a word and perhaps a weight in line {number}, found {other}")
    return lexicon


class LexiconScorer:
    """VADER (Hutto and Gilbert, 2014) with a financial lexicon of our own.

    VADER keeps what it is good at: negation, emphasis, "but", punctuation. The lexicon changes three things: words that are
    loaded elsewhere and not in finance ("debt", "shares", "liability") say nothing; financial words and phrases get a weight; and a
    direction near a quantity is judged by both, so that profits that fall are bad and losses that fall are good.
    """

    name = "vader-finance-1"

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        """Use a lexicon, the one that comes with this package where none is given."""
        self._lexicon = lexicon or read_lexicon(iter(_packaged().splitlines()))
        self._analyser: Any = SentimentIntensityAnalyzer()
        weights = self._analyser.lexicon
        for word in self._lexicon.neutral:
            weights.pop(word, None)
        for word, direction in self._lexicon.directions.items():
            weights[word] = _ALONE * direction
        weights.update(self._lexicon.words)
        weights.update({_carrier(phrase): weight for phrase, weight in self._lexicon.phrases.items()})
        weights.update({carrier: weight for weight, carrier in _CARRIERS.items()})

    def score(self, text: str) -> float:
        """Return the sentiment of a text, -1 (worst) to 1 (best), 0 where it says nothing."""
        tokens = self._judged(self._joined(text.split()))
        return float(self._analyser.polarity_scores(" ".join(tokens))["compound"])

    def _joined(self, tokens: Sequence[str]) -> list[str]:
        """Return the tokens with each phrase of the lexicon made into one token, the longest first."""
        plain = [_plain(token) for token in tokens]
        joined: list[str] = []
        place = 0
        while place < len(tokens):
            for length in range(min(_PHRASE_WORDS_MAX, len(tokens) - place), 1, -1):
                phrase = tuple(plain[place : place + length])
                if phrase in self._lexicon.phrases:
                    joined.append(_carrier(phrase))
                    place += length
                    break
            else:
                joined.append(tokens[place])
                place += 1
        return joined

    def _judged(self, tokens: Sequence[str]) -> list[str]:
        """Return the tokens with each direction near a quantity, nearest first, replaced by what both mean together."""
        judged = list(tokens)
        plain = [_plain(token) for token in tokens]
        free = {place: self._lexicon.quantities[word] for place, word in enumerate(plain) if word in self._lexicon.quantities}
        for place, word in enumerate(plain):
            direction = self._lexicon.directions.get(word)
            near = [other for other in free if other != place and abs(other - place) <= _REACH]
            if direction is None or not near:
                continue
            quantity = min(near, key=lambda other: (abs(other - place), other))
            judged[place] = _CARRIERS[_JUDGEMENT * direction * free.pop(quantity)]
            judged[quantity] = "quantity"
        return judged


def _plain(token: str) -> str:
    return token.lower().strip(punctuation)


def _carrier(phrase: Sequence[str]) -> str:
    return "_".join(phrase)


def _packaged() -> str:
    return files("models.lexicon").joinpath("finance.tsv").read_text(encoding="utf-8")
