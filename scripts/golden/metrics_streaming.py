"""Golden files for the streaming metrics: scikit-learn's and torchmetrics' results for probabilities and numbers.

Writes `metrics.streaming.safetensors` with the probabilities and `metrics.streaming.json` with the truth and what is expected
of it: exact areas under curves from scikit-learn, binned ones from both, and the percentiles of ordinary bootstraps, which
draw whole examples with replacement. What is undefined is null.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy
import torch
import torchmetrics
from common import SEED, provenance, provenance_text, write_json
from safetensors.numpy import save_file
from sklearn import metrics
from torchmetrics.functional import classification

Array = numpy.ndarray
EVEN = 11
CHOSEN = [0.0, 0.01, 0.1, 0.5, 0.9, 0.99]
REPLICATES = 2000


def fine_thresholds() -> Array:
    """The default grid, as the documentation words it."""
    octaves = 2.0 ** -numpy.arange(2, 41)[:, None] * (1 + numpy.arange(8) / 8)
    grid = numpy.concatenate([numpy.arange(513) / 512, octaves.ravel(), 1 - octaves[:23].ravel()])
    return numpy.unique(grid.astype(numpy.float32))


GRIDS = {
    "fine": fine_thresholds(),
    "even": numpy.linspace(0, 1, EVEN).astype(numpy.float32),
    "chosen": numpy.array(CHOSEN, dtype=numpy.float32),
}


def softmax(logits: Array) -> Array:
    return torch.softmax(torch.from_numpy(logits.astype(numpy.float32)), -1).numpy()


def plain(value: object) -> object:
    """For JSON: NaN as null, arrays as lists."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, Array)):
        return [plain(entry) for entry in value]
    return None if value is None or value != value else float(value)


# Areas under curves


def areas(scores: Array, truth: Array, preds: Callable) -> dict:
    """By class (column): scikit-learn's exact ones, its and torchmetrics' for binned scores; null without both kinds of examples."""
    both = [0 < column.sum() < len(column) for column in truth.T]

    def each(area: Callable, scores: Array) -> list:
        return [area(truth[:, c], scores[:, c]) if both[c] else None for c in range(truth.shape[1])]

    binned = {}
    for name, grid in GRIDS.items():
        bins = numpy.digitize(scores, grid)
        # A threshold that no score reaches begins torchmetrics' ROC curve at (0, 0).
        whole = torch.from_numpy(numpy.append(grid, numpy.float32(2)))
        reference = {"rocAuc": preds("auroc", whole), "prAuc": preds("average_precision", whole)}
        binned[name] = {
            "scikit-learn": {"rocAuc": each(metrics.roc_auc_score, bins), "prAuc": each(metrics.average_precision_score, bins)},
            "torchmetrics": {area: [v if ok else None for v, ok in zip(values, both)] for area, values in reference.items()},
        }
    # As it is called in practice. Without that threshold the area of the negatives above the last one is missing: left out.
    untouched = [ok and not (scores[:, c] >= 1)[truth[:, c] == 0].any() for c, ok in enumerate(both)]
    as_called = {"rocAuc": preds("auroc", EVEN), "prAuc": preds("average_precision", EVEN)}
    return {
        "exact": {"rocAuc": each(metrics.roc_auc_score, scores), "prAuc": each(metrics.average_precision_score, scores)},
        "binned": binned,
        "asCalled": {area: [v if ok else None for v, ok in zip(values, untouched)] for area, values in as_called.items()},
    }


def averages(truth: Array, predicted: Array, kinds: list[str]) -> dict:
    result = {}
    for kind in kinds:
        scores = metrics.precision_recall_fscore_support(truth, predicted, average=kind, zero_division=0)
        result |= dict(zip((f"{kind}Precision", f"{kind}Recall", f"{kind}F1"), scores))
    return result


# One label


def single_cases(generator: numpy.random.Generator) -> dict[str, tuple[Array, Array]]:
    """Name → (probabilities, class ids)."""

    def drawn(rows: int, classes: int, signal: float, noise: float, skew: float = 0.0) -> tuple[Array, Array]:
        weights = numpy.arange(1, classes + 1, dtype=float) ** -skew
        truth = generator.choice(classes, size=rows, p=weights / weights.sum())
        logits = noise * generator.normal(size=(rows, classes))
        logits[numpy.arange(rows), truth] += signal
        return softmax(logits), truth

    def eighths(rows: int, classes: int) -> tuple[Array, Array]:
        return generator.multinomial(8, [1 / classes] * classes, size=rows).astype(numpy.float32) / 8, generator.integers(0, classes, size=rows)

    def certain(predicted: list[int], classes: int) -> Array:
        return numpy.eye(classes, dtype=numpy.float32)[predicted]

    return {
        "42 skewed classes": drawn(300, 42, 6.0, 2.0, 1.0),
        "five soft classes": drawn(120, 5, 1.0, 1.0),
        "two confident classes, saturated at 1": drawn(150, 2, 6.0, 10.0),
        "ties": eighths(80, 4),
        "a class never predicted and one that never occurs": (certain([0, 0, 1, 0, 1, 1], 4) * 0.625 + 0.09375, numpy.array([0, 0, 1, 2, 2, 1])),
        "perfect and certain predictions": (certain([0, 1, 2, 2, 1], 3), numpy.array([0, 1, 2, 2, 1])),
        "certain predictions, some wrong": (certain([0, 1, 2, 2, 1, 0, 0], 3), numpy.array([0, 1, 2, 0, 1, 2, 0])),
        "constant predictions": (numpy.tile(numpy.float32([0.25, 0.5, 0.25]), (9, 1)), numpy.array([0, 1, 2, 1, 1, 0, 2, 1, 1])),
        "one example": (numpy.float32([[0.125, 0.625, 0.25]]), numpy.array([2])),
        "one class only": (eighths(10, 3)[0], numpy.full(10, 1)),
    }


def top_k_accuracy(truth: Array, probabilities: Array, k: int) -> float:
    """Of equal scores scikit-learn takes the last class first: reversed, it takes the first."""
    classes = probabilities.shape[1]
    if k >= classes or classes == 2:  # which scikit-learn warns of, or takes for a binary decision
        return 1.0 if k >= classes else float((probabilities.argmax(1) == truth).mean())
    return metrics.top_k_accuracy_score(classes - 1 - truth, probabilities[:, ::-1], k=k, labels=range(classes))


def single_scores(probabilities: Array, truth: Array) -> dict:
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(1)
    return {
        "accuracy": metrics.accuracy_score(truth, predicted),
        **averages(truth, predicted, ["macro", "weighted"]),
        "matthews": metrics.matthews_corrcoef(truth, predicted),
        "logLoss": metrics.log_loss(truth, probabilities, labels=range(classes)),
        "brier": metrics.brier_score_loss(truth, probabilities, labels=range(classes), scale_by_half=False),
    }


def single_expected(probabilities: Array, truth: Array) -> dict:
    classes = probabilities.shape[1]
    preds, target = torch.from_numpy(probabilities), torch.from_numpy(truth)

    def torchmetrics_area(area: str, thresholds: object) -> list:
        return getattr(classification, f"multiclass_{area}")(preds, target, classes, average="none", thresholds=thresholds).tolist()

    def calibration_error(bins: int) -> float:
        return classification.multiclass_calibration_error(preds, target, classes, n_bins=bins, norm="l1").item()

    return {
        "scores": single_scores(probabilities, truth),
        "topKAccuracy": {k: top_k_accuracy(truth, probabilities, k) for k in (1, 2, 5)},
        "expectedCalibrationError": {bins: calibration_error(bins) for bins in (8, 15)},
        "areas": areas(probabilities, truth[:, None] == numpy.arange(classes), torchmetrics_area),
    }


# Many labels


def multi_cases(generator: numpy.random.Generator) -> dict[str, tuple[Array, Array]]:
    """Name → (probabilities, targets of 0 and 1)."""

    def drawn(rows: int, share: list[float], signal: float, noise: float) -> tuple[Array, Array]:
        truth = (generator.random((rows, len(share))) < share).astype(int)
        logits = noise * generator.normal(size=truth.shape) + signal * (truth - 0.7)
        return torch.sigmoid(torch.from_numpy(logits.astype(numpy.float32))).numpy(), truth

    eighths = (generator.integers(0, 9, size=(60, 4)) / 8).astype(numpy.float32)
    return {
        "six labels": drawn(150, [0.5, 0.3, 0.2, 0.1, 0.05, 0.02], 3.0, 1.5),
        "an absent label and one that all have": drawn(40, [0.0, 1.0, 0.5, 0.3], 2.0, 2.0),
        "ties, some of them at the threshold": (eighths, generator.integers(0, 2, size=(60, 4))),
        "certain predictions, some wrong": (numpy.float32([[1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 0]]), numpy.array([[1, 0, 1], [0, 1, 1], [0, 1, 0], [0, 0, 0]])),
        "one example": (numpy.float32([[0.75, 0.25, 0.625]]), numpy.array([[1, 1, 0]])),
        "nothing predicted": (numpy.full((5, 2), 0.25, dtype=numpy.float32), numpy.array([[1, 0], [0, 1], [0, 0], [1, 1], [0, 0]])),
    }


def multi_scores(probabilities: Array, truth: Array, threshold: float) -> dict:
    predicted = (probabilities > threshold).astype(int)
    flat, flat_truth = probabilities.ravel(), truth.ravel()
    return {
        "subsetAccuracy": metrics.accuracy_score(truth, predicted),
        "hammingLoss": metrics.hamming_loss(truth, predicted),
        **averages(truth, predicted, ["micro", "macro", "weighted", "samples"]),
        "logLoss": metrics.log_loss(flat_truth, flat, labels=[0, 1]),
        "brier": metrics.brier_score_loss(flat_truth, flat),
    }


def multi_expected(probabilities: Array, truth: Array) -> dict:
    labels = probabilities.shape[1]
    preds, target = torch.from_numpy(probabilities), torch.from_numpy(truth)

    def by_label(area: str, thresholds: object) -> list:
        return getattr(classification, f"multilabel_{area}")(preds, target, labels, average="none", thresholds=thresholds).tolist()

    def pooled(area: str, thresholds: object) -> list:
        return [getattr(classification, f"multilabel_{area}")(preds, target, labels, average="micro", thresholds=thresholds).item()]

    return {
        "scores": {threshold: multi_scores(probabilities, truth, threshold) for threshold in (0.5, 0.25)},
        "areas": areas(probabilities, truth, by_label),
        "pooled": areas(probabilities.reshape(-1, 1), truth.reshape(-1, 1), pooled),
    }


# Numbers


def regression_cases(generator: numpy.random.Generator) -> dict[str, tuple[Array, Array]]:
    """Name → (predictions, targets)."""
    targets = generator.normal(size=60)
    noisy = 0.8 * targets + 0.3 * generator.normal(size=60) + 0.1
    return {
        "noisy predictions": (noisy, targets),
        "means a billion times the deviations": (1e9 + noisy, 1e9 + targets),
        "predictions that fall as targets rise": (-2 * targets, targets),
        "perfect predictions": (targets, targets),
        "constant predictions": (numpy.full(60, 0.25), targets),
        "constant targets": (noisy, numpy.full(60, 0.25)),
        "constant targets, met": (numpy.full(7, 0.25), numpy.full(7, 0.25)),
        "one example": (numpy.array([1.5]), numpy.array([2.0])),
        "two examples": (numpy.array([1.5, 3.5]), numpy.array([2.0, 5.0])),
    }


def regression_scores(predictions: Array, targets: Array) -> dict:
    moving = len(targets) > 1 and numpy.ptp(predictions) > 0 and numpy.ptp(targets) > 0
    mse = metrics.mean_squared_error(targets, predictions)
    return {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": metrics.mean_absolute_error(targets, predictions),
        "meanError": (predictions - targets).mean(),
        "r2": metrics.r2_score(targets, predictions),
        "explainedVariance": metrics.explained_variance_score(targets, predictions),
        "pearson": numpy.corrcoef(predictions, targets)[0, 1] if moving else None,
    }


def exact_regression_scores(predictions: Array, targets: Array) -> dict:
    """The same in exact arithmetic, for numbers of which floating point loses the digits."""
    x, y = [Fraction(value) for value in predictions], [Fraction(value) for value in targets]
    errors = [a - b for a, b in zip(x, y)]

    def mean(values: list[Fraction]) -> Fraction:
        return sum(values, Fraction(0)) / len(values)

    def covariance(a: list[Fraction], b: list[Fraction]) -> Fraction:
        return mean([p * q for p, q in zip(a, b)]) - mean(a) * mean(b)

    mse = mean([error * error for error in errors])
    return {
        "mse": mse,
        "rmse": float(mse) ** 0.5,
        "mae": mean([abs(error) for error in errors]),
        "meanError": mean(errors),
        "r2": 1 - mse / covariance(y, y),
        "explainedVariance": 1 - covariance(errors, errors) / covariance(y, y),
        "pearson": float(covariance(x, y)) / (float(covariance(x, x)) * float(covariance(y, y))) ** 0.5,
    }


# Bootstraps


def bootstrap(generator: numpy.random.Generator, scores: Callable, *data: Array) -> dict:
    """By score: ends of the 95 % percentile interval and standard deviation over replicates of whole examples."""
    rows = len(data[0])
    replicates = []
    for _ in range(REPLICATES):
        drawn = generator.integers(0, rows, size=rows)
        replicates.append(scores(*(array[drawn] for array in data)))
    return {
        name: dict(zip(("low", "high"), numpy.percentile(values, [2.5, 97.5]))) | {"deviation": numpy.std(values)}
        for name in replicates[0]
        for values in [[replicate[name] for replicate in replicates]]
    }


def write(out: Path) -> None:
    """Writes `metrics.streaming.safetensors` and `metrics.streaming.json`."""
    warnings.filterwarnings("ignore")  # of what is undefined, which is the point of some cases
    generator = numpy.random.default_rng(SEED)
    tensors: dict[str, Array] = {}

    def stored(kind: str, cases: dict[str, tuple[Array, Array]], expected: Callable) -> list[dict]:
        entries = []
        for name, (probabilities, truth) in cases.items():
            tensors[f"{kind}: {name}"] = numpy.ascontiguousarray(probabilities)
            entries.append({"name": name, "truth": truth.ravel().tolist(), "classes": probabilities.shape[1], "expected": plain(expected(probabilities, truth))})
        return entries

    single = stored("single", single_cases(generator), single_expected)
    multi = stored("multi", multi_cases(generator), multi_expected)
    regression = []
    for name, (predictions, targets) in regression_cases(generator).items():
        scores = exact_regression_scores if "billion" in name else regression_scores
        largest = metrics.max_error(targets, predictions)
        expected = plain({**scores(predictions, targets), "maxError": largest})
        regression.append({"name": name, "predictions": predictions.tolist(), "targets": targets.tolist(), "expected": expected})

    truth = generator.choice(3, size=500, p=[0.6, 0.3, 0.1])
    probabilities = softmax(generator.normal(size=(500, 3)) + 1.5 * numpy.eye(3)[truth])
    labels = (generator.random((300, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(int)
    chances = torch.sigmoid(torch.from_numpy((generator.normal(size=(300, 4)) + 2 * labels - 1).astype(numpy.float32))).numpy()
    targets = generator.exponential(size=400)
    predictions = targets + generator.normal(size=400) * (0.2 + 0.3 * targets)
    tensors |= {"bootstrap: single": probabilities, "bootstrap: multi": chances}
    bootstraps = {
        "replicates": REPLICATES,
        "single": {"truth": truth.tolist(), "expected": plain(bootstrap(generator, single_scores, probabilities, truth))},
        "multi": {"truth": labels.ravel().tolist(), "expected": plain(bootstrap(generator, lambda p, t: multi_scores(p, t, 0.5), chances, labels))},
        "regression": {
            "predictions": predictions.tolist(),
            "targets": targets.tolist(),
            "expected": plain(bootstrap(generator, regression_scores, predictions, targets)),
        },
    }

    head = provenance()
    head["versions"]["torchmetrics"] = torchmetrics.__version__
    save_file(tensors, out / "metrics.streaming.safetensors", metadata=provenance_text())
    write_json(
        out / "metrics.streaming.json",
        {**head, "chosenThresholds": CHOSEN, "single": single, "multi": multi, "regression": regression, "bootstrap": bootstraps},
    )
