"""The peer's prediction tasks: `python bench/peers/predict.py <folder with model/> <settings as JSON>`.

Tasks: `forward` (logits of one row of ids), `text` (one text to its label).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from serve import SCRIPTS, Task, Values, serve, threads

sys.path.insert(0, str(SCRIPTS))

import torch  # noqa: E402  (needs the path above)
from transformers import AutoModelForSequenceClassification, AutoTokenizer  # noqa: E402

from reference import versions  # noqa: E402


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

    serve({"forward": timed(forward), "text": timed(classify)}, versions())


if __name__ == "__main__":
    main()
