"""Golden files for LoRA: adapters that PEFT saved over the small BERT of `bert/`, and what PEFT computes with them.

Writes a folder of each adapter, as `save_pretrained` does but for the model card, into `lora/`; `lora.json`: logits with the
adapter and with it merged, a loss, the losses of some steps of training; `lora.tensors.safetensors`: the loss's gradients, the
trained parameters after the steps, and the first values of adapters under a seed. Names are those that parameters have here.
"""

from __future__ import annotations

from pathlib import Path

import peft
import torch
from bert import cases, logits_of
from common import SEED, batch_to_json, provenance, provenance_text, random_batch, small_bert, write_json
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from reference import Batch, ReferenceTrainer
from safetensors.torch import save_file
from training import dropout_probe

STEPS = 8
LR = 5e-3
DROPOUT_SEED = 7
INITIAL_SEED = 11

# Every option that changes what is computed, trained or saved.
ADAPTERS: dict[str, dict] = {
    "query-value": {"r": 4, "lora_alpha": 16, "lora_dropout": 0.1},
    "dense": {
        "r": 3,
        "lora_alpha": 6,
        "target_modules": ["dense"],
        "layers_to_transform": [1],
        "use_rslora": True,
        "bias": "lora_only",
        "modules_to_save": ["pooler"],
    },
    "all-linear": {
        "r": 2,
        "lora_alpha": 4,
        "target_modules": "all-linear",
        "exclude_modules": ["layer.0.output.dense"],
        "bias": "all",
        "rank_pattern": {"key": 5, r"layer\.1\.output\.dense": 1},
        "alpha_pattern": {r"layer\.\d+\.intermediate\.dense": 7.5},
    },
    "expression": {"r": 2, "target_modules": r".*\.layer\.0\..*(?:query|key)", "init_lora_weights": "gaussian"},
}


def configure(options: dict) -> LoraConfig:
    """PEFT's configuration; it changes what it is given."""
    return LoraConfig(task_type=TaskType.SEQ_CLS, **{key: list(value) if isinstance(value, list) else value for key, value in options.items()})


def plain(name: str) -> str:
    """A parameter's name without what PEFT wraps around it."""
    for part in ("base_model.model.", ".base_layer", ".modules_to_save.default", ".default"):
        name = name.replace(part, "")
    return name


def trained(model: PeftModel) -> dict[str, torch.nn.Parameter]:
    """What requires grad, by plain names."""
    named = {plain(name): parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    # bias="all" also turns on the biases of copies that nothing computes with.
    return {name: parameter for name, parameter in named.items() if ".original_module." not in name}


def batches() -> list[Batch]:
    """Rows of lengths 2 to 12 whose label follows from the first id."""
    generator = torch.Generator().manual_seed(SEED + 40)
    made = []
    for _ in range(STEPS):
        batch = random_batch(torch.randint(2, 13, (6,), generator=generator).tolist(), generator)
        made.append(Batch(batch.input_ids, batch.attention_mask, batch.token_type_ids, batch.input_ids[:, 0] % 5))
    return made


def open_adapter(folder: Path, dropout: float) -> PeftModel:
    """The small BERT with a saved adapter, to be trained on."""
    return PeftModel.from_pretrained(small_bert(dropout), folder, is_trainable=True)


def train(model: PeftModel) -> list[float]:
    """Losses of the steps, in the mode that the model is in."""
    trainer = ReferenceTrainer(model, lr=LR, warmup_steps=0, total_steps=STEPS)
    torch.manual_seed(DROPOUT_SEED)
    return [trainer.step(batch).loss.item() for batch in batches()]


def write(out: Path) -> None:
    """Writes the files into `out`."""
    padded = cases()["batch of 7, padded"]
    tensors: dict[str, torch.Tensor] = {}
    entries = []
    for name, options in ADAPTERS.items():
        folder = out / "lora" / name
        base = small_bert()
        torch.manual_seed(INITIAL_SEED)
        model = get_peft_model(base, configure(options))
        tensors |= {f"initial/{name}/{key}": value.detach().clone() for key, value in trained(model).items() if "lora_" in key}
        generator = torch.Generator().manual_seed(SEED + 41)
        with torch.no_grad():
            for parameter in trained(model).values():
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
        model.save_pretrained(folder)
        (folder / "README.md").unlink()

        model = open_adapter(folder, 0.1).eval()
        output = model(**padded.inputs())
        output.loss.backward()
        tensors |= {f"gradient/{name}/{key}": value.grad.clone() for key, value in trained(model).items()}
        entry = {
            "name": name,
            "options": options,
            "trained": {key: list(value.shape) for key, value in trained(model).items()},
            "logits": logits_of(model, padded),
            "loss": output.loss.item(),
            "merged": logits_of(model.merge_and_unload(), padded),
        }
        model = open_adapter(folder, 0.1).eval()
        entry["losses"] = train(model)
        tensors |= {f"after/{name}/{key}": value.detach() for key, value in trained(model).items()}
        if "lora_dropout" in options:
            entry["lossesWithDropout"] = train(open_adapter(folder, 0.1).train())
        entries.append(entry)
    save_file(tensors, out / "lora.tensors.safetensors", metadata=provenance_text())
    write_json(
        out / "lora.json",
        {
            **provenance(),
            "peft": peft.__version__,
            "dropoutSeed": DROPOUT_SEED,
            "dropoutProbe": dropout_probe(),
            "initialSeed": INITIAL_SEED,
            "learningRate": LR,
            "batch": batch_to_json(padded),
            "batches": [batch_to_json(batch) for batch in batches()],
            "adapters": entries,
        },
    )
