"""Golden files for the model: a small random BERT, its logits, losses and gradients.

Writes `bert/` (a Hugging Face folder), `bert.json` (inputs, logits, losses), `bert.gradients.safetensors`,
and the same weights in half precision, `bert.fp16.safetensors` and `bert.bf16.safetensors`.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from common import SEED, batch_to_json, provenance, provenance_text, random_batch, small_bert, write_json
from reference import Batch

LENGTHS = [12, 3, 9, 1, 12, 7, 5]
# Two of the four cases carry gradients: the one with a mask, and the one for which PyTorch takes the path without.
WITH_GRADIENTS = ("batch of 1, no padding", "batch of 7, padded")
ACTIVATIONS = ("relu", "gelu_new", "gelu_pytorch_tanh", "silu")


def cases() -> dict[str, Batch]:
    """The batches under the names that the tests print."""
    generator = torch.Generator().manual_seed(SEED + 1)
    return {
        "batch of 1, no padding": random_batch([9], generator),
        "batch of 1, padded": random_batch([9], generator, padded_to=14),
        "batch of 7, no padding": random_batch([10] * 7, generator),
        "batch of 7, padded": random_batch(LENGTHS, generator),
        "as long as the position table": random_batch([40, 17], generator),
    }


def logits_of(model: torch.nn.Module, batch: Batch) -> list[list[float]]:
    """Logits `[batch, labels]` in float32."""
    with torch.no_grad():
        return model(**batch.inputs()).logits.float().tolist()


def write(out: Path) -> None:
    """Writes the files into `out`."""
    model = small_bert()
    model.save_pretrained(out / "bert")

    entries = []
    gradients: dict[str, torch.Tensor] = {}
    for name, batch in cases().items():
        model.zero_grad()
        output = model(**batch.inputs())
        output.loss.backward()
        if name in WITH_GRADIENTS:
            gradients |= {f"{name}/{n}": p.grad.clone() for n, p in model.named_parameters()}
        entries.append(
            {
                "name": name,
                **batch_to_json(batch),
                "logits": output.logits.tolist(),
                "loss": output.loss.item(),
                "gradients": name in WITH_GRADIENTS,
            }
        )
    save_file(gradients, out / "bert.gradients.safetensors", metadata=provenance_text())

    padded = cases()["batch of 7, padded"]
    rounded = {}
    for name, dtype in (("fp16", torch.float16), ("bf16", torch.bfloat16)):
        state = {n: p.detach().to(dtype) for n, p in model.state_dict().items()}
        save_file(state, out / f"bert.{name}.safetensors", metadata=provenance_text())
        wide = small_bert()
        wide.load_state_dict({n: t.float() for n, t in state.items()})
        rounded[name] = logits_of(wide, padded)

    write_json(
        out / "bert.json",
        {
            **provenance(),
            "cases": entries,
            # Logits of "batch of 7, padded" from the files in half precision, computed in float32.
            "roundedWeights": rounded,
            # The same batch and weights under other activations.
            "activations": {act: logits_of(small_bert(hidden_act=act), padded) for act in ACTIVATIONS},
        },
    )
