"""Python's side of `npm run parity`: trains Hugging Face's model on batches that our side wrote.

    python scripts/parity_peer.py --model <folder> --train batches.jsonl [--test batches.jsonl] --seed 1 …

Both files hold one batch per line, `{ inputIds, attentionMask, tokenTypeIds, labels }`, already padded. Prints
progress on stderr and, as the only line on stdout, `{ versions, seconds, loss: […], accuracy? }`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import BertForSequenceClassification

from reference import Batch, ReferenceTrainer, batch_from_json, versions


def read_batches(path: Path) -> Iterator[Batch]:
    """The batches of a JSON Lines file, one at a time."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield batch_from_json(json.loads(line))


def accuracy(model: BertForSequenceClassification, path: Path) -> float:
    """Share of rows whose largest logit is the label's."""
    model.eval()
    right = rows = 0
    with torch.no_grad():
        for batch in read_batches(path):
            inputs = batch.inputs()
            labels = inputs.pop("labels")
            right += int((model(**inputs).logits.argmax(-1) == labels).sum())
            rows += labels.numel()
    return right / rows


def main() -> int:
    """Trains, evaluates, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--seed", type=int, required=True, help="of dropout")
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--warmup", type=int, required=True)
    parser.add_argument("--total", type=int, required=True, help="steps of the schedule")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--max-norm", type=float, default=1.0)
    parser.add_argument("--dropout", type=float, help="instead of the config's")
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    overrides = {}
    if options.dropout is not None:
        overrides = {
            "hidden_dropout_prob": options.dropout,
            "attention_probs_dropout_prob": options.dropout,
            "classifier_dropout": options.dropout,
        }
    model = BertForSequenceClassification.from_pretrained(
        str(options.model), attn_implementation="sdpa", dtype=torch.float32, **overrides
    ).train()
    trainer = ReferenceTrainer(
        model,
        lr=options.lr,
        warmup_steps=options.warmup,
        total_steps=options.total,
        weight_decay=options.weight_decay,
        max_norm=options.max_norm,
    )

    torch.manual_seed(options.seed)
    losses: list[float] = []
    started = time.perf_counter()
    for batch in read_batches(options.train):
        losses.append(trainer.step(batch).loss.item())
        if len(losses) % 50 == 0:
            print(f"PyTorch: step {len(losses)}, loss {losses[-1]:.4f}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started

    report = {"versions": versions(), "seconds": seconds, "loss": losses}
    if options.test is not None:
        report["accuracy"] = accuracy(model, options.test)
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
