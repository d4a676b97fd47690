"""Exact contributions of trees by table: path-dependent TreeSHAP for shallow trees.

Lundberg et al., *Consistent individualized feature attribution for tree ensembles* (2018), equation 2, as LightGBM's
``pred_contrib``. What a leaf of value v adds to feature i of the m features on its path depends on the row only by which of
the m demands it meets, so for each leaf the answers for all 2^m cases are computed once, when the model is loaded:

    v * (met_i - cover_i) * sum over S in the others, all of S met, of |S|! (m - |S| - 1)! / m! * product of cover_j, j not in S

A row then costs, for each feature, one look-up of the demands that its value meets, and for each leaf and feature one look-up
of a number. (Yang, *Fast TreeSHAP*, 2021, version 2 stores the same kind of table.)
"""

from collections.abc import Sequence
from itertools import combinations
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from models.features.arrays import Floats
from models.predictors.trees import Demand, Forest, Leaf

_ROWS_AT_ONCE = 16
"""So that what is looked up for them stays in the cache."""


class TreeTables:
    """Margins of every class and contributions to one linear combination of the classes, for rows of features."""

    def __init__(self, forest: Forest, combination: Sequence[float]) -> None:
        """Prepare a forest; ``combination`` weighs the classes, e.g. (-1, 0, 1) for BUY less SELL."""
        leaves = sorted(forest.leaves, key=lambda leaf: leaf.output)
        self._features = forest.features
        self._combination = np.array(combination)
        self._thresholds, self._met = _demand_tables(leaves, forest.features)
        self._all_met = np.array([2 ** len(leaf.demands) - 1 for leaf in leaves], dtype=np.uint8)
        self._values = np.array([leaf.value for leaf in leaves])
        self._class_starts = np.searchsorted([leaf.output for leaf in leaves], np.arange(forest.outputs))
        self.base = sum(combination[leaf.output] * leaf.value * leaf.rows for leaf in leaves)
        self._prepare_contributions(leaves)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the margins [k, classes] and the contributions [k, features] of rows without NaN."""
        parts = [self._predict(x[first : first + _ROWS_AT_ONCE]) for first in range(0, len(x), _ROWS_AT_ONCE)]
        if not parts:
            return np.zeros((0, len(self._class_starts))), np.zeros((0, self._features))
        return np.concatenate([margins for margins, _ in parts]), np.concatenate([shares for _, shares in parts])

    def _predict(self, x: Floats) -> tuple[Floats, Floats]:
        met = np.zeros((len(x), len(self._values)), dtype=np.uint8)
        for feature, thresholds in enumerate(self._thresholds):
            if len(thresholds):
                met |= self._met[feature].take(np.searchsorted(thresholds, x[:, feature]), axis=0)
        reached = np.where(met == self._all_met, self._values, 0.0)
        margins = np.add.reduceat(reached, self._class_starts, axis=1)
        contributions = np.zeros((len(x), self._features))
        if len(self._pair_leaf):
            places = met.take(self._pair_leaf, axis=1) + self._pair_offset
            contributions[:, self._pair_features] = np.add.reduceat(self._table.take(places), self._pair_starts, axis=1)
        return margins, contributions

    def _prepare_contributions(self, leaves: Sequence[Leaf]) -> None:
        pairs = [
            (demand.feature, number, place)
            for number, leaf in enumerate(leaves)
            if self._combination[leaf.output]
            for place, demand in enumerate(leaf.demands)
        ]
        pairs.sort()
        answers = _answers(leaves)
        offsets, table, length = [], [], 0
        for _, number, place in pairs:
            leaf = leaves[number]
            offsets.append(length)
            table.append(answers[number][:, place] * self._combination[leaf.output])
            length += len(table[-1])
        self._pair_leaf = np.array([number for _, number, _ in pairs], dtype=np.int64)
        self._pair_offset = np.array(offsets, dtype=np.int64)
        self._table: Floats = np.concatenate([*table, np.zeros(0)])
        features = np.array([feature for feature, _, _ in pairs], dtype=np.int64)
        self._pair_features, self._pair_starts = np.unique(features, return_index=True)


def _demand_tables(leaves: Sequence[Leaf], features: int) -> tuple[list[Floats], list[NDArray[np.uint8]]]:
    """Return for each feature its thresholds, and for each place between them which leaves' demands a value there meets.

    A demand is one bit: the place of the feature on the leaf's path.
    """
    by_feature: list[list[tuple[int, int, Demand]]] = [[] for _ in range(features)]
    for number, leaf in enumerate(leaves):
        for place, demand in enumerate(leaf.demands):
            by_feature[demand.feature].append((number, place, demand))
    thresholds, tables = [], []
    for demands in by_feature:
        edges = np.unique([edge for _, _, demand in demands for edge in (demand.low, demand.high)])
        edges = edges[np.isfinite(edges)]
        table = np.zeros((len(edges) + 1, len(leaves)), dtype=np.uint8)
        for number, place, demand in demands:
            # a value at place p is above p of the edges: low < x needs the place after low, x <= high the one before high
            first = int(np.searchsorted(edges, demand.low, side="right"))
            last = int(np.searchsorted(edges, demand.high, side="left"))
            table[first : last + 1, number] |= 1 << place
        thresholds.append(edges)
        tables.append(table)
    return thresholds, tables


def _answers(leaves: Sequence[Leaf]) -> list[Floats]:
    """Return for each leaf its contributions [cases of demands met, features on its path]."""
    answers: list[Floats] = [np.zeros((1, 0))] * len(leaves)
    for length in {len(leaf.demands) for leaf in leaves} - {0}:
        numbers = [number for number, leaf in enumerate(leaves) if len(leaf.demands) == length]
        covers = np.array([[demand.cover for demand in leaves[number].demands] for number in numbers])
        values = np.array([leaves[number].value for number in numbers])
        for number, answer in zip(numbers, _shares(covers) * values[:, None, None], strict=True):
            answers[number] = answer
    return answers


def _shares(covers: Floats) -> Floats:
    """Return the Shapley shares [leaves, cases, features] of leaves of value 1, by their covers [leaves, features]."""
    count, length = covers.shape
    shares = np.zeros((count, 2**length, length))
    for feature in range(length):
        others = [other for other in range(length) if other != feature]
        for size in range(length):
            weight = factorial(size) * factorial(length - size - 1) / factorial(length)
            for chosen in combinations(others, size):
                absent = [other for other in others if other not in chosen]
                term = weight * prod((covers[:, other] for other in absent), start=np.ones(count))
                mask = sum(1 << other for other in chosen)
                cases = [case for case in range(2**length) if case & mask == mask]
                met = np.array([(case >> feature) & 1 for case in cases])
                shares[:, cases, feature] += term[:, None] * (met - covers[:, feature, None])
    return shares
