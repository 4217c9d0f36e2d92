"""Golden files for optimizers: weights along the way, and states as `torch.save` writes them.

Writes `optimizers.json`: starting weights, gradients by step (null: the parameter has none in that step), a factor of
the learning rate by step, and for each optimizer its options and the weights after some steps; and
`optimizers/<name>.pt`, the `state_dict()` after STATE_STEPS steps.

Weights and gradients are multiples of 1/64, so that they are the same numbers in every program.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import torch
from torch.optim import SGD, Adam, AdamW
from transformers.optimization import Adafactor

from common import SEED, provenance, write_json

STEPS = 16
# Weights are written after these.
MARKS = (1, 2, 6, 11, 16)
STATE_STEPS = 6
# A scalar, a vector, a matrix and a 3-d tensor in the first group; a matrix and a vector in the second.
SHAPES = ((), (5,), (3, 4), (2, 3, 4), (4, 2), (3,))
FIRST_GROUP = 4
# Steps, from 0, in which a parameter has no gradient: at the beginning, in between, and until late.
WITHOUT = {1: (0, 1, 7), 3: (4, 5, 12), 5: tuple(range(9))}
FACTORS = (0.1, 0.5, 1.0, 1.0, 1.0, 0.8, 0.8, 0.5, 1.5, 1.0, 1.0, 0.25, 0.25, 0.2, 0.1, 0.05)


class Lion(torch.optim.Optimizer):
    """The update of Chen et al. 2023, algorithm 2, in the order of the authors' PyTorch implementation."""

    def __init__(self, params, lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        """One step."""
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["exp_avg"] = torch.zeros_like(p)
                mean = state["exp_avg"]
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_((mean * beta1 + p.grad * (1 - beta1)).sign_(), alpha=-group["lr"])
                mean.mul_(beta2).add_(p.grad, alpha=1 - beta2)


# Name, class, options, and those of the second group.
CASES: tuple[tuple[str, Callable, dict, dict], ...] = (
    ("adamw", AdamW, {"lr": 0.01, "weight_decay": 0.1, "fused": True}, {"weight_decay": 0.0, "lr": 0.02}),
    ("adamw-amsgrad", AdamW, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1, "amsgrad": True}, {}),
    ("adam", Adam, {"lr": 0.01, "weight_decay": 0.1, "fused": True}, {"weight_decay": 0.0}),
    ("adam-amsgrad", Adam, {"lr": 0.01, "amsgrad": True}, {"lr": 0.003}),
    ("sgd", SGD, {"lr": 0.05, "weight_decay": 0.1}, {"weight_decay": 0.0}),
    ("sgd-momentum", SGD, {"lr": 0.05, "momentum": 0.9}, {"weight_decay": 0.1}),
    ("sgd-nesterov", SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}, {"lr": 0.1}),
    ("sgd-dampening", SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1}, {"weight_decay": 0.0}),
    ("adafactor", Adafactor, {"lr": 0.01, "scale_parameter": False, "relative_step": False}, {"weight_decay": 0.1}),
    (
        "adafactor-mean",
        Adafactor,
        {"lr": 0.01, "relative_step": False, "beta1": 0.9, "weight_decay": 0.1}
        | {"clip_threshold": 0.5, "decay_rate": -0.5, "eps": (1e-3, 0.5)},
        {"lr": 0.02},
    ),
    ("adafactor-relative", Adafactor, {}, {"weight_decay": 0.1}),
    ("adafactor-warmup", Adafactor, {"scale_parameter": False, "warmup_init": True}, {}),
    ("lion", Lion, {"lr": 0.01, "weight_decay": 0.1}, {"weight_decay": 0.0}),
    ("lion-betas", Lion, {"lr": 0.01, "betas": (0.95, 0.98)}, {"lr": 0.03, "weight_decay": 0.5}),
)


def camel(options: dict) -> dict:
    """Options by our names; which kernel runs is none of them."""
    return {
        re.sub("_([a-z])", lambda match: match[1].upper(), name): value
        for name, value in options.items()
        if name != "fused"
    }


def numbers(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Between -2 and 2."""
    return torch.randint(-128, 129, shape, generator=generator) / 64


def gradients(generator: torch.Generator) -> list[list[torch.Tensor | None]]:
    """By step and parameter."""
    return [
        [None if step in WITHOUT.get(i, ()) else numbers(shape, generator) for i, shape in enumerate(SHAPES)]
        for step in range(STEPS)
    ]


def flat(tensor: torch.Tensor) -> list[float]:
    """All elements, as the shortest decimals that give them again."""
    return [float(str(value)) for value in tensor.detach().flatten().numpy()]


def run(case: tuple[str, Callable, dict, dict], start: list[torch.Tensor], by_step: list, out: Path) -> dict:
    """One optimizer's way."""
    name, make, options, second = case
    params = [torch.nn.Parameter(tensor.clone()) for tensor in start]
    optimizer = make([{"params": params[:FIRST_GROUP]}, {"params": params[FIRST_GROUP:], **second}], **options)
    rates = [group["lr"] for group in optimizer.param_groups]
    weights = []
    for step, grads in enumerate(by_step):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = None if rate is None else rate * FACTORS[step]
        for parameter, grad in zip(params, grads, strict=True):
            parameter.grad = None if grad is None else grad.clone()
        optimizer.step()
        if step + 1 in MARKS:
            weights.append([flat(parameter) for parameter in params])
        if step + 1 == STATE_STEPS:
            torch.save(optimizer.state_dict(), out / "optimizers" / f"{name}.pt")
    return {
        "name": name,
        "class": make.__name__,
        "options": camel(options),
        "second": camel(second),
        "weights": weights,
    }


def write(out: Path) -> None:
    """Writes the files into `out`."""
    (out / "optimizers").mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(SEED + 3)
    start = [numbers(shape, generator) for shape in SHAPES]
    by_step = gradients(generator)
    write_json(
        out / "optimizers.json",
        {
            **provenance(),
            "firstGroup": FIRST_GROUP,
            "marks": MARKS,
            "stateSteps": STATE_STEPS,
            "factors": FACTORS,
            "params": [{"shape": shape, "start": flat(tensor)} for shape, tensor in zip(SHAPES, start, strict=True)],
            "gradients": [[None if grad is None else flat(grad) for grad in grads] for grads in by_step],
            "cases": [run(case, start, by_step, out) for case in CASES],
        },
    )
