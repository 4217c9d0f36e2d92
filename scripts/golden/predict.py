"""Golden file for using a trained model: temperatures, error bounds, abstention thresholds, integrated gradients.

Writes `predict.json`. Temperatures are minima that SciPy finds, close to scikit-learn's; bounds are quantiles of SciPy's beta distribution;
calibration errors torchmetrics'. The integrated gradients are written out in PyTorch: Captum 0.9's `IntegratedGradients` gives the same.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy
import torch
from common import PAD, SEED, provenance, random_batch, small_bert, write_json
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import beta
from sklearn.calibration import _TemperatureScaling
from torchmetrics.functional.classification import multiclass_calibration_error

Array = numpy.ndarray
STEPS = 20
TARGET = 3


# Temperatures


def labelled_logits(generator: numpy.random.Generator, rows: int, classes: int, sharpness: float) -> tuple[Array, Array]:
    """Labels drawn from the softmax of some logits, which are then made `sharpness` times as sharp, as float32."""
    logits = 2 * generator.standard_normal((rows, classes))
    labels = [int(generator.choice(classes, p=row)) for row in softmax(logits, axis=1)]
    return (sharpness * logits).astype(numpy.float32).astype(float), numpy.eye(classes)[labels]


def calibration_cases() -> dict[str, tuple[str, Array, Array]]:
    """Name → (problem, logits, a probability for each class)."""
    generator = numpy.random.default_rng(SEED)
    soft = labelled_logits(generator, 60, 3, 2.0)
    multi = 3 * generator.standard_normal((80, 4)).astype(numpy.float32).astype(float)
    return {
        "too sure": ("single-label", *labelled_logits(generator, 150, 4, 3.0)),
        "not sure enough": ("single-label", *labelled_logits(generator, 150, 2, 0.2)),
        "much too sure": ("single-label", *labelled_logits(generator, 60, 7, 40.0)),
        "soft labels": ("single-label", soft[0], (0.8 * soft[1] + 0.2 / 3).astype(numpy.float32).astype(float)),
        "many labels": ("multi-label", multi, (generator.random(multi.shape) < 1 / (1 + numpy.exp(-multi / 2))).astype(float)),
    }


def two_classes(logits: Array, labels: Array) -> tuple[Array, Array]:
    """Each class of each text as a question of its own, with logits for no and yes."""
    return numpy.stack([0 * logits.ravel(), logits.ravel()], 1), numpy.stack([1 - labels.ravel(), labels.ravel()], 1)


def quality(logits: Array, labels: Array, temperature: float) -> dict:
    scaled = logits / temperature
    preds = torch.from_numpy(softmax(scaled, axis=1).astype(numpy.float32))
    target = torch.from_numpy(labels.argmax(1))
    ece = multiclass_calibration_error(preds, target, logits.shape[1], n_bins=15, norm="l1").item()
    return {"nll": float(-(labels * log_softmax(scaled, axis=1)).sum(1).mean()), "ece": ece}


def calibrated(problem: str, logits: Array, labels: Array) -> dict:
    rows, truth = two_classes(logits, labels) if problem == "multi-label" else (logits, labels)

    def nll(log_temperature: float) -> float:
        return -(truth * log_softmax(rows / math.exp(log_temperature), axis=1)).sum(1).mean()

    temperature = math.exp(minimize_scalar(nll, bounds=(-10, 10), method="bounded", options={"xatol": 1e-12}).x)
    if not numpy.any((truth > 0) & (truth < 1)):
        theirs = 1 / _TemperatureScaling().fit(rows, truth.argmax(1)).beta_ if rows.shape[1] > 2 else temperature
        assert abs(theirs / temperature - 1) < 1e-6, (theirs, temperature)
    return {"temperature": temperature, "before": quality(rows, truth, 1), "after": quality(rows, truth, temperature)}


# Abstention


def bound(errors: int, trials: int, delta: float) -> float:
    return 1.0 if errors == trials else float(beta.ppf(1 - delta, errors + 1, trials - errors))


def abstention_case(generator: numpy.random.Generator, rows: int, digits: int) -> tuple[Array, Array]:
    """Confidences, rounded so that some are equal, and whether each prediction was right."""
    confidences = numpy.round(0.5 + 0.5 * generator.random(rows), digits)
    return confidences, generator.random(rows) < confidences


def abstention(confidences: Array, correct: Array, risk: float, delta: float | None) -> dict | None:
    """Every threshold without delta; with it algorithm SGR of Geifman & El-Yaniv."""

    def answering_from(threshold: float) -> dict:
        answered = confidences >= threshold
        errors, trials = int((answered & ~correct).sum()), int(answered.sum())
        result = {"threshold": float(threshold), "coverage": trials / len(confidences), "risk": errors / trials}
        return result if delta is None else {**result, "bound": bound(errors, trials, delta / tests)}

    tests = math.floor(math.log2(len(confidences))) + 1
    ascending = numpy.sort(confidences)
    if delta is None:
        return next((found for found in map(answering_from, numpy.unique(confidences)) if found["risk"] <= risk), None)
    found, low, high = None, 0, len(confidences) - 1
    while low <= high:
        middle = math.ceil((low + high) / 2)
        candidate = answering_from(ascending[middle])
        if candidate["bound"] <= risk:
            found, high = candidate, middle - 1
        else:
            low = middle + 1
    return found


# Integrated gradients


def integrated_gradients() -> dict:
    """Of one text of the small BERT: the way goes from padding between the first, a middle and the last token to the text."""
    model = small_bert()
    batch = random_batch([12], torch.Generator().manual_seed(SEED + 2))
    ids, types = batch.input_ids, batch.token_type_ids
    special = torch.zeros_like(ids)
    special[0, [0, 6, 11]] = 1
    words = model.get_input_embeddings()
    text = words(ids).detach()
    baseline = words(torch.where(special == 1, ids, PAD)).detach()

    def score(embeddings: torch.Tensor) -> torch.Tensor:
        rows = len(embeddings)
        return model(inputs_embeds=embeddings, attention_mask=torch.ones_like(ids).expand(rows, -1), token_type_ids=types.expand(rows, -1)).logits[:, TARGET]

    points, weights = numpy.polynomial.legendre.leggauss(STEPS)
    total = torch.zeros_like(text)
    for point, weight in zip((1 + points) / 2, weights / 2):
        at = (baseline + point * (text - baseline)).requires_grad_()
        total += weight * torch.autograd.grad(score(at).sum(), at)[0]
    attributions = (total * (text - baseline)).sum(-1)[0]
    with torch.no_grad():
        ends = score(baseline).item(), score(text).item()
    return {
        "ids": ids[0].tolist(),
        "typeIds": types[0].tolist(),
        "specialTokensMask": special[0].tolist(),
        "classId": TARGET,
        "steps": STEPS,
        "attributions": attributions.tolist(),
        "baselineScore": ends[0],
        "score": ends[1],
    }


def write(out: Path) -> None:
    """Writes `predict.json`."""
    generator = numpy.random.default_rng(SEED + 1)
    trials = [(0, 1), (0, 50), (3, 50), (50, 50), (17, 1000), (1, 100_000), (4000, 100_000)]
    rows = [abstention_case(generator, count, digits) for count, digits in ((40, 2), (300, 6), (256, 1))]
    wanted = [(0.1, None), (0.2, None), (0.0, None), (0.2, 0.1), (0.3, 0.001)]
    write_json(
        out / "predict.json",
        {
            **provenance(),
            "calibrations": [
                {"name": name, "problem": problem, "logits": logits.tolist(), "labels": labels.tolist(), "expected": calibrated(problem, logits, labels)}
                for name, (problem, logits, labels) in calibration_cases().items()
            ],
            "bounds": [{"errors": k, "trials": n, "delta": delta, "bound": bound(k, n, delta)} for k, n in trials for delta in (0.1, 0.001)],
            "abstentions": [
                {
                    "confidences": confidences.tolist(),
                    "correct": correct.tolist(),
                    "expected": [{"risk": risk, "delta": delta, "found": abstention(confidences, correct, risk, delta)} for risk, delta in wanted],
                }
                for confidences, correct in rows
            ],
            "quadratures": [
                {"points": ((1 + points) / 2).tolist(), "weights": (weights / 2).tolist()}
                for points, weights in map(numpy.polynomial.legendre.leggauss, (1, 2, 7, 50))
            ],
            "integratedGradients": integrated_gradients(),
        },
    )
