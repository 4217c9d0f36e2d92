"""Golden file for `F`: PyTorch's torch.nn.functional on small inputs.

Writes `functional.json`: the tensors that are passed, and for each case the function's name and arguments as in
TypeScript (a tensor by its number), PyTorch's result in float32 and float64, and the gradient of the first argument
in float64, of Σ cos(i) · resultᵢ.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy
import torch
from common import SEED, provenance, write_json
from torch.nn import functional


def snake(name: str) -> str:
    """`smoothL1Loss` → `smooth_l1_loss`."""
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), name)


class Inputs:
    """Small random tensors, as the file holds them: values with three decimals."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(SEED)

    def normal(self, *shape: int) -> dict:
        """Normal deviates."""
        values = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        return {"float": values.mul(1000).round().div(1000).tolist()}

    def uniform(self, *shape: int) -> dict:
        """From 0.05 to 0.95."""
        values = torch.rand(shape, generator=self.generator, dtype=torch.float64)
        return {"float": values.mul(900).round().div(1000).add(0.05).mul(1000).round().div(1000).tolist()}

    def index(self, below: int, *shape: int) -> dict:
        """Class indices."""
        return {"int64": torch.randint(0, below, shape, generator=self.generator).tolist()}


def probabilities(rows: list) -> dict:
    """Rows that add up to 1."""
    return {"float": rows}


def cases() -> list[tuple]:
    """(function, arguments, options, seed)."""
    make = Inputs()
    x, y = make.normal(3, 4), make.normal(3, 4)
    logits, classes, rates = make.normal(4, 5), make.index(5, 4), make.uniform(5)
    p, t = make.uniform(3, 4), make.uniform(3, 4)
    signs = {"float": [1, -1, 1]}
    rows = probabilities([[0.1, 0.2, 0.3, 0.2, 0.2], [0.5, 0.1, 0.1, 0.2, 0.1], [0, 0, 1, 0, 0], [0.2] * 5])
    ignored = {"int64": [1, -100, 4, -100]}
    image, line = make.normal(1, 4, 4, 5), make.normal(2, 4, 6)
    log_p = {"float": [[-0.5, -1.5, -2], [-1, -1, -1.1]]}
    target_p = {"float": [[0.5, 0.25, 0.25], [0.3, 0.3, 0.4]]}
    table, ids = make.normal(7, 3), make.index(7, 2, 4)
    q, k, v = make.normal(1, 2, 3, 4), make.normal(1, 2, 5, 4), make.normal(1, 2, 5, 4)
    square = make.normal(1, 2, 4, 4)
    wide = make.normal(1, 4, 3, 4)
    mask = {"bool": [[True, False, True, True, False], [True] * 5, [False, True, True, False, True]]}
    weight4, bias4 = make.normal(4), make.normal(4)
    found: list[tuple] = []

    def add(function: str, *arguments: object, seed: int | None = None, **options: object) -> None:
        found.append((function, list(arguments), options, seed))

    add("crossEntropy", logits, classes)
    add("crossEntropy", logits, classes, weight=rates, reduction="sum")
    add("crossEntropy", logits, classes, reduction="none", labelSmoothing=0.1)
    add("crossEntropy", logits, classes, weight=rates, labelSmoothing=0.3)
    add("crossEntropy", logits, ignored)
    add("crossEntropy", logits, {"int64": [1, 0, 4, 0]}, ignoreIndex=0)
    add("crossEntropy", logits, rows)
    add("crossEntropy", logits, rows, weight=rates, labelSmoothing=0.2, reduction="none")
    add("crossEntropy", make.normal(5), {"int64": 3})
    add("crossEntropy", make.normal(2, 3, 2, 2), make.index(3, 2, 2, 2))
    add("nllLoss", logits, classes)
    add("nllLoss", logits, ignored, weight=rates)
    add("nllLoss", make.normal(2, 3, 4), make.index(3, 2, 4), reduction="none")
    add("binaryCrossEntropy", p, t)
    add("binaryCrossEntropy", p, t, weight=make.uniform(4), reduction="sum")
    add("binaryCrossEntropyWithLogits", x, t)
    add("binaryCrossEntropyWithLogits", x, t, weight=make.uniform(3, 1), posWeight=make.uniform(4), reduction="none")
    for loss in ("mseLoss", "l1Loss", "smoothL1Loss", "huberLoss"):
        add(loss, x, y)
        add(loss, x, y, reduction="none")
    add("mseLoss", x, y, reduction="sum")
    add("smoothL1Loss", x, y, beta=0.5)
    add("smoothL1Loss", x, y, beta=0)
    add("huberLoss", x, y, delta=0.3, reduction="sum")
    add("klDiv", log_p, target_p)
    add("klDiv", log_p, target_p, reduction="batchmean")
    add("klDiv", log_p, log_p, reduction="sum", logTarget=True)
    add("cosineEmbeddingLoss", x, y, signs)
    add("cosineEmbeddingLoss", x, y, signs, margin=0.2, reduction="none")
    add("marginRankingLoss", make.normal(3), make.normal(3), signs, margin=0.5)
    add("tripletMarginLoss", x, y, p)
    add("tripletMarginLoss", x, y, p, margin=2, p=1, swap=True, reduction="none")

    for name in ("relu", "relu6", "gelu", "silu", "mish", "elu", "selu", "celu", "leakyRelu", "softplus", "sigmoid",
                 "logsigmoid", "tanh", "softsign", "hardtanh", "hardswish", "hardsigmoid", "glu"):
        add(name, x)
    add("gelu", x, approximate="tanh")
    add("elu", x, 0.5)
    add("elu", x, alpha=2)
    add("celu", x, alpha=0.7)
    add("leakyRelu", x, 0.2)
    add("softplus", {"float": [-3, 0, 5, 30]}, 2, 8)
    add("softplus", x, beta=0.5)
    add("hardtanh", x, -0.5, 0.25)
    add("prelu", x, {"float": [0.3]})
    add("prelu", x, make.uniform(4))
    add("glu", x, 1)
    add("softmax", x, 0)
    add("softmax", x, -1, dtype="float64")
    add("softmin", x, 1)
    add("logSoftmax", x, 1)
    add("logSoftmax", x, -1, dtype="float64")
    add("gumbelSoftmax", x, seed=5)
    add("gumbelSoftmax", x, tau=0.5, hard=True, dim=0, seed=6)
    add("dropout", x, seed=7)
    add("dropout", x, 0.2, True, seed=8)
    add("dropout", x, training=False)
    add("dropout", x, p=1)

    add("linear", x, make.normal(2, 4), make.normal(2))
    add("linear", make.normal(2, 3, 4), make.normal(2, 4))
    add("bilinear", make.normal(3, 2), x, make.normal(2, 2, 4), make.normal(2))
    add("embedding", ids, table)
    add("embedding", ids, table, paddingIdx=-2)
    add("embedding", ids, table, maxNorm=1)
    add("embeddingBag", ids, table)
    add("embeddingBag", ids, table, mode="max")
    add("embeddingBag", ids, table, mode="sum", perSampleWeights=make.uniform(2, 4), paddingIdx=1)
    add("embeddingBag", make.index(7, 6), table, offsets={"int64": [0, 2, 2]})
    add("embeddingBag", make.index(7, 6), table, offsets={"int64": [0, 2, 6]}, includeLastOffset=True, mode="sum")
    add("oneHot", ids)
    add("oneHot", {"int64": [0, 2]}, 4)

    add("layerNorm", x, [4])
    add("layerNorm", x, [4], weight4, bias4, 1e-12)
    add("layerNorm", make.normal(2, 3, 4), [3, 4], weight=make.normal(3, 4))
    add("rmsNorm", x, [4])
    add("rmsNorm", x, [4], weight4, 1e-3)
    add("groupNorm", line, 2)
    add("groupNorm", image, 4, weight4, bias4)
    add("batchNorm", x, make.normal(4), make.uniform(4), weight4, bias4)
    add("batchNorm", image, make.normal(4), make.uniform(4), training=True, momentum=0.3, eps=1e-3)
    add("normalize", x)
    add("normalize", x, 1, 0)
    add("normalize", {"float": [[0, 0], [3, 4]]}, dim=-1)
    add("cosineSimilarity", x, y)
    add("cosineSimilarity", x, y, 0)
    add("pairwiseDistance", x, y)
    add("pairwiseDistance", x, y, p=1, keepdim=True)

    add("pad", x, [1, 2])
    add("pad", x, [0, 1, 2, -1], "constant", 1.5)
    add("pad", line, [2, 1], mode="reflect")
    add("pad", line, [2, 1], mode="replicate")
    add("pad", line, [1, 2], mode="circular")
    add("scaledDotProductAttention", q, k, v)
    add("scaledDotProductAttention", q, k, v, mask)
    add("scaledDotProductAttention", square, square, square, isCausal=True)
    add("scaledDotProductAttention", q, k, v, attnMask=make.normal(3, 5), scale=0.7)
    add("scaledDotProductAttention", wide, k, v, enableGqa=True)

    add("conv1d", line, make.normal(3, 4, 3))
    add("conv1d", line, make.normal(4, 2, 3), make.normal(4), stride=2, padding=1, groups=2)
    add("conv2d", image, make.normal(2, 4, 3, 2), make.normal(2))
    add("conv2d", image, make.normal(2, 4, 3, 3), padding="same", dilation=[1, 2])
    add("conv3d", make.normal(1, 1, 3, 3, 3), make.normal(1, 1, 2, 2, 2))
    add("maxPool1d", line, 2)
    add("maxPool1d", line, 3, 2, 1, ceilMode=True)
    add("maxPool2d", image, 2)
    add("maxPool2d", image, [2, 3], stride=1, dilation=[2, 1])
    add("avgPool1d", line, 4, 2, 1, countIncludePad=False)
    add("avgPool2d", image, [2, 3])
    add("avgPool2d", image, 3, stride=2, padding=1, ceilMode=True, divisorOverride=5)
    add("adaptiveAvgPool1d", line, 4)
    add("adaptiveAvgPool2d", image, [None, 4])
    add("adaptiveAvgPool2d", image, 3)
    add("interpolate", line, size=4)
    add("interpolate", line, scaleFactor=1.5, mode="linear")
    add("interpolate", line, size=5, mode="linear", alignCorners=True)
    add("interpolate", image, size=[3, 8], mode="bilinear")
    add("interpolate", image, scaleFactor=[0.6, 1.5], mode="bilinear", recomputeScaleFactor=True)
    add("interpolate", image, size=3, mode="bilinear", antialias=True)
    add("interpolate", image, scaleFactor=1.3, mode="bicubic", alignCorners=True)
    add("interpolate", image, scaleFactor=2, mode="nearest-exact")
    add("interpolate", image, scaleFactor=0.5, mode="area")
    add("interpolate", make.normal(1, 1, 2, 2, 2), size=3, mode="trilinear")
    return found


def tensor(spec: object, dtype: torch.dtype) -> object:
    """An argument of the file as PyTorch's."""
    if spec in ("float32", "float64"):
        return getattr(torch, spec)
    if not isinstance(spec, dict):
        return spec
    ((kind, values),) = spec.items()
    return torch.tensor(values, dtype=dtype if kind == "float" else getattr(torch, kind))


def flat(result: torch.Tensor) -> list:
    """Elements with as many digits as the dtype has."""
    values = result.detach().flatten()
    if result.dtype == torch.float32:
        return [float(str(value)) for value in values.numpy()]
    return values.tolist()


def evaluate(function: str, arguments: list, options: dict, seed: int | None, dtype: torch.dtype) -> tuple:
    """(result, gradient of the first argument or None)."""
    if seed is not None:
        torch.manual_seed(seed)
    first, *others = [tensor(argument, dtype) for argument in arguments]
    named = {snake(name): tensor(value, dtype) for name, value in options.items()}
    if first.is_floating_point():
        first.requires_grad_()
    result = getattr(functional, snake(function))(first, *others, **named)
    if first.is_floating_point():
        result.backward(torch.cos(torch.arange(result.numel(), dtype=torch.float64)).to(result.dtype).reshape(result.shape))
    return result, first.grad


def numbered(spec: object, tensors: list) -> object:
    """A tensor's number in the file's list, where it stands once."""
    if not isinstance(spec, dict):
        return spec
    if spec not in tensors:
        tensors.append(spec)
    return {"tensor": tensors.index(spec)}


def write(out: Path) -> None:
    """Writes `functional.json`."""
    entries = []
    tensors: list = []
    for function, arguments, options, seed in cases():
        single, _ = evaluate(function, arguments, options, seed, torch.float32)
        double, gradient = evaluate(function, arguments, options, seed, torch.float64)
        entry = {"f": function, "args": [numbered(argument, tensors) for argument in arguments]}
        entry["options"] = {name: numbered(value, tensors) for name, value in options.items()}
        entry.update(shape=list(double.shape), float32=flat(single))
        entry["float64"] = flat(double)
        if gradient is not None:
            entry["gradient"] = flat(gradient)
        if seed is not None:
            entry["seed"] = seed
        entries.append(entry)
    assert numpy.isfinite([value for entry in entries for value in entry["float64"]]).all()
    write_json(out / "functional.json", {**provenance(), "tensors": tensors, "cases": entries})
