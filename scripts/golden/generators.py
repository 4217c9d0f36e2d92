"""Golden file for `Generator`: what PyTorch's operators draw from a `torch.Generator` of a given seed.

Writes `generators.json`: calls by ATen's names with their results, a seed beyond 2^63, and a state with what follows it.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import torch
from common import SEED, provenance, write_json

# Operator, positional arguments (a nested list in a dictionary is a float32 tensor), and whether it is the last
# positional argument that takes the generator. Twenty elements and more take ATen's vectorised way.
P = {"tensor": [[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]]}
ZEROS = {"tensor": [[0.0] * 5] * 5}
CALLS = [
    ("randn", [[3, 4]]),
    ("randn", [[50]]),
    ("rand", [[7]]),
    ("randint", [10, [8]]),
    ("randint", [-5, 5, [8]]),
    ("randperm", [12]),
    ("rand_like", [ZEROS]),
    ("normal", [0.5, 2.0, [6]]),
    ("normal", [{"tensor": [1.0, 2.0, 3.0]}, {"tensor": [0.1, 0.2, 0.3]}]),
    ("bernoulli", [P]),
    ("bernoulli", [ZEROS, 0.3]),
    ("multinomial", [P, 2]),
    ("poisson", [{"tensor": [0.5, 4.0, 30.0]}]),
    ("binomial", [{"tensor": [10.0, 20.0]}, {"tensor": [0.3, 0.8]}]),
    ("uniform_", [ZEROS, -1.0, 1.0]),
    ("normal_", [ZEROS, 3.0, 0.5]),
    ("exponential_", [ZEROS, 2.0]),
    ("geometric_", [ZEROS, 0.25]),
    ("log_normal_", [ZEROS]),
    ("cauchy_", [ZEROS]),
    ("random_", [ZEROS, 0, 100]),
    ("rrelu", [{"tensor": [-1.0, -2.0, 3.0]}, 0.1, 0.4, True]),
]


def argument(value: object) -> object:
    """A fresh tensor for every call: some change it in place."""
    return torch.tensor(value["tensor"]) if isinstance(value, dict) else value


def draw(name: str, args: list, seed: int) -> torch.Tensor:
    """Calls the operator with a generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    return getattr(torch.ops.aten, name)(*map(argument, args), generator=generator)


def state() -> dict:
    """A state in the middle of the generator's run, and what it draws from there."""
    generator = torch.Generator().manual_seed(SEED)
    torch.randn(7, generator=generator)
    saved = bytes(generator.get_state().tolist())
    return {"base64": base64.b64encode(saved).decode(), "next": torch.randn(5, generator=generator).tolist()}


def write(out: Path) -> None:
    """Writes `generators.json`."""
    calls = []
    for index, (name, args) in enumerate(CALLS):
        result = draw(name, args, SEED + index)
        calls.append({"operator": name, "args": args, "seed": SEED + index, "dtype": str(result.dtype).removeprefix("torch."), "result": result.tolist()})
    large = 2**63 + 5
    fresh = torch.Generator()
    write_json(
        out / "generators.json",
        {
            **provenance(),
            "calls": calls,
            "large": {"seed": str(large), "result": torch.rand(3, generator=torch.Generator().manual_seed(large)).tolist()},
            "fresh": {
                "initialSeed": str(fresh.initial_seed()),
                "stateSha256": hashlib.sha256(bytes(fresh.get_state().tolist())).hexdigest(),
                "result": torch.rand(3, generator=fresh).tolist(),
            },
            "state": state(),
        },
    )
