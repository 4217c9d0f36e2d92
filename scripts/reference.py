"""The reference loop: the fine-tuning step that everything here is compared with.

Hugging Face's BERT, `torch.optim.AdamW(fused=True)`, `clip_grad_norm_` and the linear schedule of
transformers, put together as their documentation does. The golden files, `npm run parity` and
`npm run bench` all train with these functions, so that there is one Python side and not three.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

import torch
import transformers
from transformers import BertForSequenceClassification, get_linear_schedule_with_warmup

transformers.utils.logging.disable_progress_bar()  # stderr is for progress that says something


def versions() -> dict[str, str]:
    """What wrote a result; goes into every file and every report."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "cpuCapability": torch.backends.cpu.get_cpu_capability(),
    }


@dataclass(frozen=True)
class Batch:
    """One padded batch; every tensor is int64, `[batch, sequence]` but for labels `[batch]`."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    token_type_ids: torch.Tensor
    labels: torch.Tensor | None

    def inputs(self) -> dict[str, torch.Tensor]:
        """The keyword arguments of the model's forward."""
        named = {
            "input_ids": self.input_ids,
            "attention_mask": self.attention_mask,
            "token_type_ids": self.token_type_ids,
        }
        return named if self.labels is None else {**named, "labels": self.labels}


def batch_from_json(entry: dict) -> Batch:
    """A batch from `{ inputIds, attentionMask, tokenTypeIds, labels? }`, rows of equal length."""
    labels = entry.get("labels")
    return Batch(
        input_ids=torch.tensor(entry["inputIds"], dtype=torch.int64),
        attention_mask=torch.tensor(entry["attentionMask"], dtype=torch.int64),
        token_type_ids=torch.tensor(entry["tokenTypeIds"], dtype=torch.int64),
        labels=None if labels is None else torch.tensor(labels, dtype=torch.int64),
    )


def decay_groups(model: torch.nn.Module, weight_decay: float) -> list[dict]:
    """Parameter groups: biases and LayerNorm weights are not decayed."""
    kept = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    decayed = [p for n, p in model.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]


@dataclass(frozen=True)
class StepResult:
    """What one training step reports; `loss` and `grad_norm` stay tensors until they are read."""

    loss: torch.Tensor
    grad_norm: torch.Tensor
    lr: float


class ReferenceTrainer:
    """Model, optimizer and schedule, and the step over them."""

    def __init__(
        self,
        model: BertForSequenceClassification,
        *,
        lr: float,
        warmup_steps: int,
        total_steps: int,
        weight_decay: float = 0.01,
        max_norm: float = 1.0,
    ) -> None:
        self.model = model
        self.max_norm = max_norm
        self.optimizer = torch.optim.AdamW(decay_groups(model, weight_decay), lr=lr, fused=True)
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, warmup_steps, total_steps)

    def step(self, batch: Batch) -> StepResult:
        """Forward, backward, clip, update; `lr` is the one this step's update used."""
        lr = self.optimizer.param_groups[0]["lr"]
        loss = self.model(**batch.inputs()).loss
        loss.backward()
        grad_norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return StepResult(loss.detach(), grad_norm, lr)
