"""The peer's start-up: imports, opens a saved folder, classifies one text, prints that it did.

    python bench/peers/startup.py <model folder> <text>
"""

from __future__ import annotations

import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from serve import peak_bytes, reply, threads


@torch.inference_mode()
def main() -> None:
    """One prediction, as a command-line tool would make it."""
    folder, text = sys.argv[1:]
    torch.set_num_threads(threads())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="sdpa").eval()
    encoded = tokenizer([text], truncation=True, return_tensors="pt")
    probability, index = model(**encoded).logits.softmax(-1)[0].max(-1)
    reply({"label": model.config.id2label[int(index)], "probability": float(probability), "peakBytes": peak_bytes()})


if __name__ == "__main__":
    main()
