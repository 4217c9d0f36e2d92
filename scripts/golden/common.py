"""What the golden files share: the seed, the small random BERT, its batches, and how files are written."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import numpy
import safetensors
import sklearn
import tokenizers
import torch
import transformers
from transformers import BertConfig, BertForSequenceClassification

transformers.utils.logging.disable_progress_bar()
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reference import Batch  # noqa: E402  (needs the line above)

SEED = 20260
PAD = 0


def provenance(seed: int = SEED) -> dict:
    """Seed and versions, for the head of every golden file."""
    return {
        "seed": seed,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "safetensors": safetensors.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": numpy.__version__,
        },
        "cpuCapability": torch.backends.cpu.get_cpu_capability(),
    }


def provenance_text() -> dict[str, str]:
    """The same for safetensors metadata, which holds strings only."""
    return {"provenance": json.dumps(provenance())}  # one key: the library writes several in no fixed order


def small_config(dropout: float = 0.1, hidden_act: str = "gelu") -> BertConfig:
    """A BERT of 23,000 parameters: everything that a large one has, twice."""
    config = BertConfig(
        vocab_size=120,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=40,
        hidden_act=hidden_act,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        num_labels=5,
        id2label={i: name for i, name in enumerate(["ant", "bee", "cat", "dog", "elk"])},
        label2id={name: i for i, name in enumerate(["ant", "bee", "cat", "dog", "elk"])},
    )
    config._attn_implementation = "sdpa"
    return config


def small_bert(dropout: float = 0.1, hidden_act: str = "gelu") -> BertForSequenceClassification:
    """The small BERT with its weights, in eval mode.

    The draws are wider than BERT's own N(0, 0.02), and biases and LayerNorm are not at 0 and 1: with the usual
    initialisation attention is nearly uniform, and an error in it would hardly show in the logits.
    """
    model = BertForSequenceClassification(small_config(dropout, hidden_act))
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("LayerNorm.weight"):
                parameter.copy_(1 + 0.1 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            else:
                parameter.copy_(0.2 * noise)
    return model.eval()


def random_batch(lengths: list[int], generator: torch.Generator, *, padded_to: int | None = None) -> Batch:
    """Random ids of the given lengths; the second half of each row is of token type 1."""
    width = padded_to if padded_to is not None else max(lengths)
    ids = torch.randint(1, 120, (len(lengths), width), generator=generator)
    positions = torch.arange(width).expand(len(lengths), width)
    length = torch.tensor(lengths).unsqueeze(1)
    mask = (positions < length).long()
    types = (positions >= length // 2).long() * mask
    labels = torch.randint(0, 5, (len(lengths),), generator=generator)
    return Batch(torch.where(mask == 1, ids, PAD), mask, types, labels)


def batch_to_json(batch: Batch) -> dict:
    """The reverse of `reference.batch_from_json`."""
    entry = {
        "inputIds": batch.input_ids.tolist(),
        "attentionMask": batch.attention_mask.tolist(),
        "tokenTypeIds": batch.token_type_ids.tolist(),
    }
    return entry if batch.labels is None else {**entry, "labels": batch.labels.tolist()}


def write_json(path: Path, value: dict) -> None:
    """Compact, but one line per top-level key, so that a changed file shows what changed."""
    lines = [f"{json.dumps(key)}:{json.dumps(entry, separators=(',', ':'))}" for key, entry in value.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
