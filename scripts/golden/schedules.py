"""Golden file for learning-rate schedules: every step's learning rate of Hugging Face's and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from common import provenance, write_json
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau
from transformers import optimization

LR = 2e-3
TOTAL = 40
METRICS = [1.0, 0.9, 0.91, 0.92, 0.9, 0.95, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.79995, 0.9, 0.9, 0.9, float("nan"), 0.9, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6]

Make = Callable[[torch.optim.Optimizer], LRScheduler]
PLAIN = optimization.get_cosine_schedule_with_warmup
# Name of ours, its options in ours' names, and the reference.
CASES: list[tuple[str, dict, Make]] = [
    ("linear", {"warmupSteps": 7, "totalSteps": TOTAL}, lambda o: optimization.get_linear_schedule_with_warmup(o, 7, TOTAL)),
    ("linear", {"warmupSteps": 0, "totalSteps": TOTAL}, lambda o: optimization.get_linear_schedule_with_warmup(o, 0, TOTAL)),
    ("cosine", {"warmupSteps": 7, "totalSteps": TOTAL}, lambda o: PLAIN(o, 7, TOTAL)),
    ("cosine", {"warmupSteps": 3, "totalSteps": TOTAL, "numCycles": 1.25}, lambda o: PLAIN(o, 3, TOTAL, num_cycles=1.25)),
    ("cosine", {"warmupSteps": 3, "totalSteps": TOTAL, "minLrRate": 0.1},
     lambda o: optimization.get_cosine_with_min_lr_schedule_with_warmup(o, 3, TOTAL, min_lr_rate=0.1)),
    ("cosineWithRestarts", {"warmupSteps": 4, "totalSteps": TOTAL, "numCycles": 3},
     lambda o: optimization.get_cosine_with_hard_restarts_schedule_with_warmup(o, 4, TOTAL, num_cycles=3)),
    ("polynomial", {"warmupSteps": 5, "totalSteps": TOTAL}, lambda o: optimization.get_polynomial_decay_schedule_with_warmup(o, 5, TOTAL)),
    ("polynomial", {"warmupSteps": 0, "totalSteps": TOTAL, "power": 2.5, "lrEnd": 1e-4},
     lambda o: optimization.get_polynomial_decay_schedule_with_warmup(o, 0, TOTAL, power=2.5, lr_end=1e-4)),
    ("constant", {}, lambda o: optimization.get_constant_schedule(o)),
    ("constant", {"warmupSteps": 6}, lambda o: optimization.get_constant_schedule_with_warmup(o, 6)),
    ("inverseSqrt", {"warmupSteps": 6}, lambda o: optimization.get_inverse_sqrt_schedule(o, 6)),
    ("inverseSqrt", {"warmupSteps": 6, "timescale": 20}, lambda o: optimization.get_inverse_sqrt_schedule(o, 6, timescale=20)),
    ("inverseSqrt", {}, lambda o: optimization.get_inverse_sqrt_schedule(o, 0)),
    ("oneCycle", {"totalSteps": TOTAL}, lambda o: OneCycleLR(o, LR, total_steps=TOTAL, cycle_momentum=False)),
    ("oneCycle", {"totalSteps": TOTAL, "pctStart": 0.5, "divFactor": 10, "finalDivFactor": 100},
     lambda o: OneCycleLR(o, LR, total_steps=TOTAL, pct_start=0.5, div_factor=10, final_div_factor=100, cycle_momentum=False)),
]
PLATEAUS: list[tuple[dict, dict]] = [
    ({"patience": 2}, {"patience": 2}),
    ({"mode": "max", "factor": 0.5, "patience": 1, "cooldown": 2, "minLr": 3e-4}, {"mode": "max", "factor": 0.5, "patience": 1, "cooldown": 2, "min_lr": 3e-4}),
    ({"threshold": 0.05, "thresholdMode": "abs", "patience": 0}, {"threshold": 0.05, "threshold_mode": "abs", "patience": 0}),
]


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)


def rates(make: Make) -> list[float]:
    """Learning rates of all steps, and of the one behind the last where there may be one."""
    made = optimizer()
    schedule = make(made)
    found = []
    for step in range(TOTAL):
        found.append(made.param_groups[0]["lr"])
        made.step()
        if step < TOTAL - 1 or not isinstance(schedule, OneCycleLR):
            schedule.step()
    return [*found, made.param_groups[0]["lr"]]


def plateau(options: dict) -> list[float]:
    made = optimizer()
    schedule = ReduceLROnPlateau(made, **options)
    found = []
    for metric in METRICS:
        schedule.step(metric)
        found.append(made.param_groups[0]["lr"])
    return found


def write(out: Path) -> None:
    """Writes `schedules.json`."""
    write_json(out / "schedules.json", {
        **provenance(),
        "lr": LR,
        "metrics": [None if metric != metric else metric for metric in METRICS],
        "schedules": [{"name": name, "options": options, "rates": rates(make)} for name, options, make in CASES],
        "plateaus": [{"options": ours, "rates": plateau(theirs)} for ours, theirs in PLATEAUS],
    })
