"""Golden files for `nn`: initial values, a head's forward and gradients, and a small classifier's training.

Writes `nn.json` (draws under a seed, inputs and outputs, losses of 20 steps) and `nn.safetensors` (the head's and
the classifier's state dictionaries before training, and the classifier's after it).
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import torch
from safetensors.torch import save_file
from torch import nn

from common import SEED, provenance, provenance_text, write_json

STEPS = 20
LR = 1e-2
WEIGHT_DECAY = 0.1
MAX_NORM = 1.0

# Shapes on both sides of 16 elements, where libtorch changes from scalar to vectorised normal draws.
INITS: dict[str, Callable[[], torch.Tensor]] = {
    "uniform_": lambda: nn.init.uniform_(torch.empty(5, 7), -0.5, 2),
    "normal_": lambda: nn.init.normal_(torch.empty(5, 7), 1, 0.02),
    "normal_ small": lambda: nn.init.normal_(torch.empty(3), 1, 0.02),
    "constant_": lambda: nn.init.constant_(torch.empty(2, 3), 0.3),
    "ones_": lambda: nn.init.ones_(torch.empty(2, 3)),
    "zeros_": lambda: nn.init.zeros_(torch.empty(2, 3)),
    "truncNormal_": lambda: nn.init.trunc_normal_(torch.empty(20, 9)),
    "truncNormal_ narrow": lambda: nn.init.trunc_normal_(torch.empty(20, 9), 0.5, 1, 0.1, 0.6),
    "truncNormal_ tail": lambda: nn.init.trunc_normal_(torch.empty(20, 9), 0, 1, 1.5, 4),
    "xavierUniform_": lambda: nn.init.xavier_uniform_(torch.empty(6, 11), nn.init.calculate_gain("tanh")),
    "xavierNormal_": lambda: nn.init.xavier_normal_(torch.empty(6, 11)),
    "kaimingUniform_": lambda: nn.init.kaiming_uniform_(torch.empty(6, 11), mode="fan_out", nonlinearity="relu"),
    "kaimingNormal_": lambda: nn.init.kaiming_normal_(torch.empty(6, 4, 3), a=0.2),
    "orthogonal_ tall": lambda: nn.init.orthogonal_(torch.empty(9, 4)),
    "orthogonal_ wide": lambda: nn.init.orthogonal_(torch.empty(4, 3, 3), 2),
}

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "Linear": lambda: nn.Linear(7, 5),
    "Linear without bias": lambda: nn.Linear(7, 5, bias=False),
    "Linear in float64": lambda: nn.Linear(7, 5, dtype=torch.float64),
    "Embedding": lambda: nn.Embedding(9, 4),
    "Embedding with padding": lambda: nn.Embedding(9, 4, padding_idx=-2),
    "LayerNorm": lambda: nn.LayerNorm([3, 4]),
    "LayerNorm without bias": lambda: nn.LayerNorm(4, bias=False),
    "Sequential": lambda: nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)),
}


def make_head() -> nn.Sequential:
    """The head whose forward and gradients are compared."""
    return nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.LayerNorm(16), nn.Dropout(0.0), nn.Linear(16, 3))


class BagOfWords(nn.Module):
    """Mean of embeddings, then a head: the classifier that is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 12, padding_idx=0)
        self.head = nn.Sequential(nn.Linear(12, 16), nn.GELU(), nn.LayerNorm(16), nn.Dropout(0.0), nn.Linear(16, 3))
        self.register_buffer("scale", torch.tensor(0.5))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        mask = (ids != 0).unsqueeze(-1)
        mean = (self.words(ids) * mask).sum(1) / mask.sum(1)
        return self.head(mean) * self.scale


def drawn(make: Callable[[], torch.Tensor | nn.Module]) -> dict:
    """What a fresh seed draws, by name and shape; floats are written so that they read back to the bit."""
    torch.manual_seed(SEED)
    made = make()
    state = made.state_dict() if isinstance(made, nn.Module) else {"": made}
    return {name: {"shape": list(tensor.shape), "values": tensor.flatten().tolist()} for name, tensor in state.items()}


def probe() -> list[float]:
    """Plain normal draws: a test asks first whether its libtorch draws these, as vectorised code differs by processor."""
    torch.manual_seed(SEED)
    return torch.empty(64).normal_().tolist()


def gains() -> dict[str, float]:
    """Of every nonlinearity that we know."""
    names = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
    return {name: nn.init.calculate_gain(name) for name in names} | {"leaky_relu 0.3": nn.init.calculate_gain("leaky_relu", 0.3)}


def head_case(tensors: dict[str, torch.Tensor]) -> dict:
    """One forward and backward through the head."""
    torch.manual_seed(SEED)
    head = make_head()
    tensors.update({f"head.{name}": tensor.clone() for name, tensor in head.state_dict().items()})
    x = torch.randn(4, 6, requires_grad=True)
    output = head(x)
    output.square().sum().backward()
    return {
        "input": x.tolist(),
        "output": output.tolist(),
        "gradients": {name: parameter.grad.flatten().tolist() for name, parameter in head.named_parameters()},
        "inputGradient": x.grad.flatten().tolist(),
    }


def training(tensors: dict[str, torch.Tensor]) -> dict:
    """AdamW with decay on weights but those of LayerNorm, clipping by norm: the loss of every step."""
    torch.manual_seed(SEED + 1)
    model = BagOfWords()
    tensors.update({f"before.{name}": tensor.clone() for name, tensor in model.state_dict().items()})
    norms = {id(p) for module in model.modules() if isinstance(module, nn.LayerNorm) for p in module.parameters()}
    free = [p for n, p in model.named_parameters() if n.endswith("bias") or id(p) in norms]
    decayed = [p for p in model.parameters() if not any(p is other for other in free)]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": free, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LR, fused=True)
    batches, losses, norms_of_steps = [], [], []
    for _ in range(STEPS):
        lengths = torch.randint(1, 8, (6, 1))
        ids = torch.randint(1, 30, (6, 7)) * (torch.arange(7) < lengths)
        labels = ids[:, 0] % 3
        loss = nn.functional.cross_entropy(model(ids), labels)
        loss.backward()
        norms_of_steps.append(nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM).item())
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        batches.append({"inputIds": ids.tolist(), "labels": labels.tolist()})
    tensors.update({f"after.{name}": tensor.clone() for name, tensor in model.state_dict().items()})
    return {
        "settings": {"learningRate": LR, "weightDecay": WEIGHT_DECAY, "maxGradNorm": MAX_NORM},
        "loss": losses,
        "gradNorm": norms_of_steps,
        "batches": batches,
    }


def names() -> dict:
    """The order of PyTorch's names where a parameter is shared and buffers stand between modules."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 2)
            self.scale = nn.Parameter(torch.ones(1))
            self.register_buffer("mean", torch.zeros(1))
            self.register_buffer("scratch", torch.zeros(1), persistent=False)
            self.layers = nn.ModuleList([nn.Linear(2, 2, bias=False), self.first])
            self.second = nn.Linear(2, 2)
            self.second.weight = self.first.weight

    model = Tied()
    applied: list[str] = []
    model.apply(lambda module: applied.append(type(module).__name__))
    return {
        "parameters": [name for name, _ in model.named_parameters()],
        "buffers": [name for name, _ in model.named_buffers()],
        "modules": [name for name, _ in model.named_modules()],
        "state": list(model.state_dict()),
        "applied": applied,
    }


def write(out: Path) -> None:
    """Writes the files into `out`."""
    tensors: dict[str, torch.Tensor] = {}
    content = {
        **provenance(),
        "probe": probe(),
        "inits": {name: drawn(make) for name, make in INITS.items()},
        "layers": {name: drawn(make) for name, make in LAYERS.items()},
        "gains": gains(),
        "names": names(),
        "head": head_case(tensors),
        "training": training(tensors),
    }
    write_json(out / "nn.json", content)
    save_file(tensors, out / "nn.safetensors", metadata=provenance_text())
