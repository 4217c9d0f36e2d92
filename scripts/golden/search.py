"""Golden file for hyper-parameter search: what scikit-learn's `HalvingRandomSearchCV` spends on how many candidates, and SciPy's log-uniform quantiles."""

from __future__ import annotations

from math import floor, log
from pathlib import Path

import numpy
from common import provenance, write_json
from scipy.stats import loguniform, uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (makes the class importable)
from sklearn.model_selection import HalvingRandomSearchCV

# Trials, factor, smallest budget (None: "exhaust"), largest budget.
CASES = [
    (1, 3, None, 1), (1, 3, 2, 9), (2, 3, None, 5), (3, 3, None, 9), (4, 3, None, 9), (5, 3, None, 100), (9, 3, None, 9), (10, 3, None, 27),
    (20, 3, None, 27), (27, 3, None, 27), (27, 3, None, 100), (27, 3, 1, 27), (27, 3, 2, 27), (27, 3, 1, 5), (27, 3, 9, 9), (28, 3, 1, 1000),
    (100, 3, None, 81), (8, 2, None, 8), (9, 2, None, 8), (16, 2, None, 3), (16, 2, 3, 100), (17, 2, 1, 16), (64, 4, None, 64), (65, 4, None, 64),
    (65, 4, 3, 50), (50, 5, None, 26), (7, 10, None, 3), (99, 10, None, 1000), (101, 10, 7, 1234), (6, 3, 1, 2),
]


class Guess(ClassifierMixin, BaseEstimator):
    """A classifier whose score is its parameter, whatever its budget."""

    def __init__(self, quality: float = 0.0, budget: int = 1) -> None:
        self.quality = quality
        self.budget = budget

    def fit(self, x: numpy.ndarray, y: numpy.ndarray) -> Guess:
        self.classes_ = numpy.unique(y)
        return self

    def predict(self, x: numpy.ndarray) -> numpy.ndarray:
        return numpy.zeros(len(x))

    def score(self, x: numpy.ndarray, y: numpy.ndarray) -> float:
        return self.quality


def exact(value: int, base: int) -> bool:
    """Whether scikit-learn's rounded logarithm is right: at 3**5 and 10**3 it is one too low."""
    rounded = floor(log(value, base))
    return base**rounded <= value < base ** (rounded + 1)


def halving(trials: int, factor: int, least: int | None, most: int) -> dict:
    search = HalvingRandomSearchCV(
        Guess(), {"quality": uniform(0, 1)}, n_candidates=trials, factor=factor, resource="budget",
        min_resources="exhaust" if least is None else least, max_resources=most, cv=2, random_state=0,
    ).fit(numpy.zeros((4, 1)), [0, 1, 0, 1])
    assert exact(trials, factor) and exact(most // search.min_resources_, factor)
    given = {} if least is None else {"minBudget": least}
    return {"trials": trials, "factor": factor, "maxBudget": most, **given, "nCandidates": search.n_candidates_, "nResources": search.n_resources_}


def write(out: Path) -> None:
    """Writes `search.json`."""
    shares = [0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999]
    write_json(out / "search.json", {
        **provenance(),
        "halving": [halving(*case) for case in CASES],
        "logUniform": [
            {"low": low, "high": high, "shares": shares, "quantiles": loguniform(low, high).ppf(shares).tolist()}
            for low, high in [(1e-5, 1e-3), (1, 1024), (0.3, 0.31)]
        ],
    })
