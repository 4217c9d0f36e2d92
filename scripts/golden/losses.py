"""Golden file for the Trainer's losses: PyTorch's values and gradients of the logits, in float64."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from common import provenance, write_json

ROWS, CLASSES = 6, 4
IDS = [2, 0, 3, 3, 1, 3]
WEIGHTS = [0.5, 2.0, 0.0, 1.25]


def focal(losses: torch.Tensor, gamma: float) -> torch.Tensor:
    """Lin et al. 2017, with p of the true class from its loss."""
    return (1 - torch.exp(-losses)) ** gamma * losses


def binary_focal(logits: torch.Tensor, targets: torch.Tensor, gamma: float) -> torch.Tensor:
    p = torch.sigmoid(logits)
    p_true = p * targets + (1 - p) * (1 - targets)
    return (1 - p_true) ** gamma * F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def distilled(hard: torch.Tensor, student: torch.Tensor, teacher: torch.Tensor, temperature: float, alpha: float) -> torch.Tensor:
    """Hinton et al. 2015, as in Hugging Face's guide to distillation."""
    soft = torch.nn.KLDivLoss(reduction="batchmean")(F.log_softmax(student / temperature, -1), F.softmax(teacher / temperature, -1))
    return alpha * hard + (1 - alpha) * temperature**2 * soft


def binary_distilled(hard: torch.Tensor, student: torch.Tensor, teacher: torch.Tensor, temperature: float, alpha: float) -> torch.Tensor:
    p, q = torch.sigmoid(student / temperature), torch.sigmoid(teacher / temperature)
    divergence = q * torch.log(q / p) + (1 - q) * torch.log((1 - q) / (1 - p))
    return alpha * hard + (1 - alpha) * temperature**2 * divergence.mean()


def write(out: Path) -> None:
    generator = torch.Generator().manual_seed(11)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64) * 2  # noqa: E731
    logits, teacher = draw(ROWS, CLASSES), draw(ROWS, CLASSES)
    ids = torch.tensor(IDS)
    soft = torch.softmax(draw(ROWS, CLASSES), -1)
    multi = (draw(ROWS, CLASSES) > 0).double()
    numbers, targets, teacher_numbers = draw(ROWS, 1), draw(ROWS), draw(ROWS, 1)
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    cases = []

    def case(problem: str, options: dict, inputs: torch.Tensor, labels: torch.Tensor, loss) -> None:
        x = inputs.clone().requires_grad_()
        value = loss(x)
        value.backward()
        cases.append({
            "problemType": problem, "options": options, "logits": inputs.tolist(), "labels": labels.tolist(),
            "loss": value.item(), "gradient": x.grad.tolist(),
        })

    bce = F.binary_cross_entropy_with_logits
    case("single-label", {}, logits, ids, lambda x: F.cross_entropy(x, ids))
    case("single-label", {}, logits, soft, lambda x: F.cross_entropy(x, soft))
    case("single-label", {"classWeights": WEIGHTS}, logits, ids, lambda x: F.cross_entropy(x, ids, weights))
    case("single-label", {"classWeights": WEIGHTS}, logits, soft, lambda x: F.cross_entropy(x, soft, weights))
    case("single-label", {"labelSmoothingFactor": 0.1}, logits, ids, lambda x: F.cross_entropy(x, ids, label_smoothing=0.1))
    case("single-label", {"labelSmoothingFactor": 0.2, "classWeights": WEIGHTS}, logits, ids, lambda x: F.cross_entropy(x, ids, weights, label_smoothing=0.2))
    case("single-label", {"focalGamma": 2}, logits, ids, lambda x: focal(F.cross_entropy(x, ids, reduction="none"), 2).mean())
    case("single-label", {"focalGamma": 0.5, "classWeights": WEIGHTS}, logits, ids,
         lambda x: (focal(F.cross_entropy(x, ids, reduction="none"), 0.5) * weights[ids]).sum() / weights[ids].sum())
    case("multi-label", {}, logits, multi, lambda x: bce(x, multi))
    case("multi-label", {"classWeights": WEIGHTS}, logits, multi, lambda x: bce(x, multi, pos_weight=weights))
    case("multi-label", {"focalGamma": 2}, logits, multi, lambda x: binary_focal(x, multi, 2).mean())
    case("multi-label", {"focalGamma": 1.5, "classWeights": WEIGHTS}, logits, multi,
         lambda x: (binary_focal(x, multi, 1.5) * torch.where(multi == 1, weights, 1.0)).mean())
    case("regression", {}, numbers, targets, lambda x: F.mse_loss(x.squeeze(-1), targets))
    for temperature, alpha in ((2, 0.5), (1, 0), (4, 0.75)):
        options = {"distillation": {"temperature": temperature, "alpha": alpha}, "teacher": teacher.tolist()}
        case("single-label", options, logits, ids, lambda x: distilled(F.cross_entropy(x, ids), x, teacher, temperature, alpha))
        case("multi-label", options, logits, multi, lambda x: binary_distilled(bce(x, multi), x, teacher, temperature, alpha))
    case("regression", {"distillation": {"alpha": 0.25}, "teacher": teacher_numbers.tolist()}, numbers, targets,
         lambda x: 0.25 * F.mse_loss(x.squeeze(-1), targets) + 0.75 * F.mse_loss(x, teacher_numbers))
    write_json(out / "losses.json", {"provenance": provenance(11), "cases": cases})
