"""Golden files for training: 30 steps with warm-up, clipping and weight decay, without and with dropout.

Writes `training.json` (batches, and per run every step's loss, learning rate and gradient norm) and the final
weights, `training.dropout0.safetensors` and `training.dropout0.1.safetensors`. Starts from the weights of `bert/`.

How far these numbers can be trusted: float64, and two threads in place of one, change no loss by more than 3e-7 of
it and no weight by more than 1e-6, except for the key biases. Their gradient is zero (softmax does not see a shift
of all its scores); Adam divides what rounding leaves of it by its own size, and they end up to 2e-3 apart.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from common import SEED, batch_to_json, provenance, provenance_text, random_batch, small_bert, write_json
from reference import Batch, ReferenceTrainer

STEPS = 30
WARMUP = 6
LR = 1e-3
WEIGHT_DECAY = 0.01
# Between the norms that occur (1.6 to 6), so that some steps are clipped and some are not.
MAX_NORM = 3.0
DROPOUT_SEED = 7


def batches() -> list[Batch]:
    """Eight rows each, of lengths 2 to 16; the label follows from the first id, so that there is something to learn."""
    generator = torch.Generator().manual_seed(SEED + 2)
    made = []
    for _ in range(STEPS):
        lengths = torch.randint(2, 17, (8,), generator=generator).tolist()
        batch = random_batch(lengths, generator)
        made.append(Batch(batch.input_ids, batch.attention_mask, batch.token_type_ids, batch.input_ids[:, 0] % 5))
    return made


def run(dropout: float) -> tuple[dict, dict[str, torch.Tensor]]:
    """One training run: its steps, and the weights after them."""
    model = small_bert(dropout).train()
    trainer = ReferenceTrainer(
        model, lr=LR, warmup_steps=WARMUP, total_steps=STEPS, weight_decay=WEIGHT_DECAY, max_norm=MAX_NORM
    )
    torch.manual_seed(DROPOUT_SEED)
    steps = [trainer.step(batch) for batch in batches()]
    return {
        "dropout": dropout,
        "loss": [step.loss.item() for step in steps],
        "learningRate": [step.lr for step in steps],
        "gradNorm": [step.grad_norm.item() for step in steps],
    }, {name: parameter.detach() for name, parameter in model.named_parameters()}


def dropout_probe() -> list[float]:
    """What dropout makes of ones under the seed.

    libtorch draws CPU random numbers through MKL, which not every build has. A test that compares runs with
    dropout asks first whether its libtorch draws these.
    """
    torch.manual_seed(DROPOUT_SEED)
    return torch.dropout(torch.ones(512), 0.1, True).tolist()


def write(out: Path) -> None:
    """Writes the files into `out`."""
    runs = []
    for dropout in (0.0, 0.1):
        steps, weights = run(dropout)
        runs.append(steps)
        save_file(weights, out / f"training.dropout{dropout:g}.safetensors", metadata=provenance_text())
    write_json(
        out / "training.json",
        {
            **provenance(),
            "dropoutSeed": DROPOUT_SEED,
            "dropoutProbe": dropout_probe(),
            "settings": {
                "learningRate": LR,
                "warmupSteps": WARMUP,
                "totalSteps": STEPS,
                "weightDecay": WEIGHT_DECAY,
                "maxGradNorm": MAX_NORM,
            },
            "runs": runs,
            "batches": [batch_to_json(batch) for batch in batches()],
        },
    )
