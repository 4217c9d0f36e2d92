"""The peer's prediction tasks: `python bench/peers/predict.py <folder with model/> <settings as JSON>`.

Tasks: `forward` (logits of one row of ids), `text` (one text to its label), `many` (texts of mixed lengths to their labels).
"""

from __future__ import annotations

import functools
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from serve import SCRIPTS, Task, Values, serve, threads

sys.path.insert(0, str(SCRIPTS))

import torch  # noqa: E402  (needs the path above)
from transformers import AutoModelForSequenceClassification, AutoTokenizer  # noqa: E402

from reference import versions  # noqa: E402


class Batching(NamedTuple):
    """Limits of a batch: rows, and tokens with padding."""

    rows: int
    tokens: float


BATCHINGS = [Batching(rows, math.inf) for rows in (8, 16, 32)] + [Batching(128, tokens) for tokens in (512, 1024, 2048, 4096)]


def timed(call: Callable[[], object]) -> Task:
    """Milliseconds of every one of `count` calls."""

    def task(count: int) -> Values:
        milliseconds = []
        for _ in range(count):
            started = time.perf_counter()
            call()
            milliseconds.append(1000 * (time.perf_counter() - started))
        return {"ms": milliseconds}

    return task


def main() -> None:
    """Opens the model and serves."""
    folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    mixed = json.loads((folder / "mixed.json").read_text(encoding="utf-8"))
    torch.set_num_threads(threads())
    model = AutoModelForSequenceClassification.from_pretrained(str(folder / "model"), attn_implementation="sdpa").eval()
    tokenizer = AutoTokenizer.from_pretrained(str(folder / "model"))
    ids = torch.tensor([settings["ids"]])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}

    @torch.inference_mode()
    def forward() -> list[list[float]]:
        return model(**inputs).logits.tolist()

    @torch.inference_mode()
    def classify() -> tuple[str, float]:
        encoded = tokenizer([settings["text"]], truncation=True, padding=True, return_tensors="pt")
        probability, index = model(**encoded).logits.softmax(-1)[0].max(-1)
        return model.config.id2label[int(index)], float(probability)

    def batches(lengths: list[int], batching: Batching) -> list[list[int]]:
        """Rows of like length together."""
        rows: list[list[int]] = [[]]
        for row in sorted(range(len(lengths)), key=lengths.__getitem__):
            count = len(rows[-1]) + 1
            if rows[-1] and (count > batching.rows or count * lengths[row] > batching.tokens):
                rows.append([])
            rows[-1].append(row)
        return rows

    @torch.inference_mode()
    def classify_all(texts: list[str], batching: Batching) -> list[tuple[str, float]]:
        ids = tokenizer(texts, truncation=True)["input_ids"]
        results: list[tuple[str, float]] = [("", 0.0)] * len(texts)
        for rows in batches([len(row) for row in ids], batching):
            encoded = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
            best = model(**encoded).logits.softmax(-1).max(-1)
            for row, probability, index in zip(rows, best.values.tolist(), best.indices.tolist()):
                results[row] = (model.config.id2label[index], probability)
        return results

    @functools.cache
    def best_batching() -> Batching:
        """What is fastest here, each tried twice on a part of the texts."""
        seconds = dict.fromkeys(BATCHINGS, math.inf)
        for batching in BATCHINGS * 2:
            started = time.perf_counter()
            classify_all(mixed[:320], batching)
            seconds[batching] = min(seconds[batching], time.perf_counter() - started)
        best = min(BATCHINGS, key=seconds.__getitem__)
        print(f"many: the peer takes batches of at most {best.rows} rows and {best.tokens} tokens", file=sys.stderr)
        return best

    def many() -> list[tuple[str, float]]:
        return classify_all(mixed, best_batching())

    serve({"forward": timed(forward), "text": timed(classify), "many": timed(many)}, versions())


if __name__ == "__main__":
    main()
