"""LightGBM's model text as arrays of leaves: each leaf with the interval it demands of each feature on its path.

Only what is needed to judge, so that judging needs neither the library nor its 190 MB. What is read is checked: a model with
categorical splits or with missing values of its own kind is refused, and training compares every model that it saves with
the library's own answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

_CATEGORICAL = 1
_MISSING_KIND = 12
PATH_FEATURES_MAX = 8
"""Distinct features on one path; the tables of contributions double with each."""


class TreesError(ValueError):
    """A model text that this reader does not understand."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a path demands of one feature: low < x <= high; ``cover`` is the share of training rows that meets it."""

    feature: int
    low: float
    high: float
    cover: float


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a tree of one class."""

    output: int
    value: float
    rows: float
    """Share of the tree's training rows that ended here."""
    demands: tuple[Demand, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """The leaves of every tree of a model of several classes."""

    outputs: int
    features: int
    leaves: tuple[Leaf, ...]


def read_forest(text: str) -> Forest:
    """Return the leaves of a LightGBM model text of format v4; TreesError where it is another kind of model."""
    sections = [section.strip() for section in text.split("\n\n")]
    head = _fields(sections[0])
    if head.get("version") != "v4" or not head.get("objective", "").startswith("multiclass "):
        raise TreesError(f"expected a multiclass model of format v4, found {head.get('version')} {head.get('objective')}")
    outputs = int(head["num_tree_per_iteration"])
    leaves: list[Leaf] = []
    trees = [section for section in sections[1:] if section.startswith("Tree=")]
    sizes = head["tree_sizes"].split()
    if len(trees) != len(sizes):
        raise TreesError(f"expected {len(sizes)} trees, found {len(trees)}")
    for number, section in enumerate(trees):
        leaves.extend(_leaves(_fields(section), number % outputs))
    return Forest(outputs, int(head["max_feature_idx"]) + 1, tuple(leaves))


def _fields(section: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in section.splitlines() if "=" in line)


def _leaves(tree: dict[str, str], output: int) -> Iterator[Leaf]:
    values = [float(value) for value in tree["leaf_value"].split()]
    if len(values) == 1:
        yield Leaf(output, values[0], 1.0, ())
        return
    if int(tree["num_cat"]) or any(int(kind) & (_CATEGORICAL | _MISSING_KIND) for kind in tree["decision_type"].split()):
        raise TreesError("expected numeric splits without missing values of their own, found others")
    walk = _Walk(
        features=[int(feature) for feature in tree["split_feature"].split()],
        thresholds=[float(threshold) for threshold in tree["threshold"].split()],
        children=list(zip(map(int, tree["left_child"].split()), map(int, tree["right_child"].split()), strict=True)),
        inner_rows=[float(count) for count in tree["internal_count"].split()],
        leaf_rows=[float(count) for count in tree["leaf_count"].split()],
    )
    for leaf, demands in walk.below(0, ()):
        if len(demands) > PATH_FEATURES_MAX:
            raise TreesError(f"expected at most {PATH_FEATURES_MAX} features on a path, found {len(demands)}")
        yield Leaf(output, values[leaf], walk.leaf_rows[leaf] / walk.inner_rows[0], demands)


@dataclass(frozen=True, slots=True)
class _Walk:
    features: list[int]
    thresholds: list[float]
    children: list[tuple[int, int]]
    inner_rows: list[float]
    leaf_rows: list[float]

    def below(self, node: int, demands: tuple[Demand, ...]) -> Iterator[tuple[int, tuple[Demand, ...]]]:
        """Yield every leaf below a node with what its path demands, one demand a feature."""
        if node < 0:  # leaves are numbered by their complement
            yield ~node, demands
            return
        feature, threshold = self.features[node], self.thresholds[node]
        sides = ((-inf, threshold), (threshold, inf))
        for child, (low, high) in zip(self.children[node], sides, strict=True):
            rows = self.inner_rows[child] if child >= 0 else self.leaf_rows[~child]
            narrower = _narrowed(demands, Demand(feature, low, high, rows / self.inner_rows[node]))
            yield from self.below(child, narrower)


def _narrowed(demands: tuple[Demand, ...], new: Demand) -> tuple[Demand, ...]:
    for place, old in enumerate(demands):
        if old.feature == new.feature:
            both = Demand(new.feature, max(old.low, new.low), min(old.high, new.high), old.cover * new.cover)
            return (*demands[:place], both, *demands[place + 1 :])
    return (*demands, new)
