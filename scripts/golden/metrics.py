"""Golden file for the metrics: scikit-learn's scores of random and of awkward predictions.

Writes `metrics.json`: true and predicted class ids with accuracy, averages, per-class scores and confusion matrix.
"""

from __future__ import annotations

from pathlib import Path

import numpy
from common import SEED, provenance, write_json
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support


def cases() -> dict[str, tuple[list[int], list[int]]]:
    """Name → (true ids, predicted ids)."""
    generator = numpy.random.default_rng(SEED)

    def noisy(rows: int, classes: int, right: float, skew: float) -> tuple[list[int], list[int]]:
        weights = numpy.arange(1, classes + 1, dtype=float) ** -skew
        true = generator.choice(classes, size=rows, p=weights / weights.sum())
        guess = generator.integers(0, classes, size=rows)
        predicted = numpy.where(generator.random(rows) < right, true, guess)
        return true.tolist(), predicted.tolist()

    return {
        "two classes": noisy(60, 2, 0.7, 0.0),
        "five classes": noisy(200, 5, 0.6, 0.5),
        "45 skewed classes": noisy(700, 45, 0.5, 1.2),
        "all right": ([0, 1, 2, 1], [0, 1, 2, 1]),
        "all wrong": ([0, 1, 0, 1], [1, 0, 1, 0]),
        "one row": ([3], [3]),
        "a class never predicted": ([0, 0, 1, 2], [0, 0, 0, 2]),
        "a class predicted that never occurs": ([0, 0, 1, 1], [0, 2, 1, 2]),
        "gaps between the ids": ([1, 1, 7, 7, 7], [1, 7, 7, 7, 4]),
        "one class": ([2, 2, 2], [2, 2, 2]),
    }


def scores(true: list[int], predicted: list[int]) -> dict:
    """What scikit-learn says, with its defaults but for the warning about empty classes."""
    classes = sorted(set(true) | set(predicted))
    per_class = precision_recall_fscore_support(true, predicted, zero_division=0)

    def average(kind: str) -> dict:
        precision, recall, f1, _ = precision_recall_fscore_support(true, predicted, average=kind, zero_division=0)
        return {"precision": float(precision), "recall": float(recall), "f1": float(f1)}

    return {
        "accuracy": float(accuracy_score(true, predicted)),
        "macro": average("macro"),
        "weighted": average("weighted"),
        "classes": [
            {"id": label, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
            for label, p, r, f, s in zip(classes, *per_class)
        ],
        "confusionMatrix": confusion_matrix(true, predicted, labels=range(max(classes) + 1)).tolist(),
    }


def write(out: Path) -> None:
    """Writes `metrics.json`."""
    entries = [
        {"name": name, "true": true, "predicted": predicted, "expected": scores(true, predicted)}
        for name, (true, predicted) in cases().items()
    ]
    write_json(out / "metrics.json", {**provenance(), "cases": entries})
