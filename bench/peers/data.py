"""The peer's data tasks: Hugging Face's `tokenizers` and `datasets`, and PyTorch's `DataLoader`.

    python bench/peers/data.py <folder with model/ and data.jsonl> <settings as JSON>

Tasks: `tokenize` (texts to arrays of ids), `load` (an epoch of padded batches), `loadWithWorkers` (the same with two
worker processes), `read` (JSON Lines to a dataset).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from serve import SCRIPTS, Values, serve, threads

sys.path.insert(0, str(SCRIPTS))
os.environ["HF_HUB_OFFLINE"] = "1"

import datasets  # noqa: E402  (needs the environment above)
import numpy  # noqa: E402
import torch  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

from reference import versions  # noqa: E402

datasets.disable_progress_bars()


def read(file: Path, cache: str) -> datasets.Dataset:
    """The rows of a JSON Lines file; `cache` is where the library keeps its copy."""
    return datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=cache)


def main() -> None:
    """Opens tokenizer and data and serves."""
    folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(threads())
    tokenizer = AutoTokenizer.from_pretrained(str(folder / "model"))
    core = tokenizer.backend_tokenizer
    file = folder / "data.jsonl"
    with tempfile.TemporaryDirectory() as cache:
        dataset = read(file, cache)
        texts = list(dataset["text"])
        names = {name: index for index, name in enumerate(sorted(set(dataset["label"])))}

        def collate(rows: list[dict]) -> dict:
            batch = tokenizer(
                [row["text"] for row in rows],
                padding=True,
                truncation=True,
                max_length=settings["maxLength"],
                return_tensors="pt",
                return_token_type_ids=True,
            )
            batch["labels"] = torch.tensor([names[row["label"]] for row in rows])
            return batch

        def load(workers: int) -> Values:
            generator = torch.Generator().manual_seed(settings["seed"])
            loader = DataLoader(
                dataset,
                batch_size=settings["batchSize"],
                shuffle=True,
                generator=generator,
                collate_fn=collate,
                num_workers=workers,
            )
            started = time.perf_counter()
            # The mask's sum would be work that our side does not do: our batches carry their number of tokens.
            masks = [batch["attention_mask"] for batch in loader]
            seconds = time.perf_counter() - started
            return {"tokensPerSecond": [sum(int(mask.sum()) for mask in masks) / seconds]}

        def tokenize(_count: int) -> Values:
            core.no_padding()
            core.enable_truncation(settings["maxLength"])
            started = time.perf_counter()
            encodings = core.encode_batch(texts)
            ids = [numpy.array(encoding.ids, dtype=numpy.int32) for encoding in encodings]
            types = [numpy.array(encoding.type_ids, dtype=numpy.uint8) for encoding in encodings]
            seconds = time.perf_counter() - started
            assert len(types) == len(ids)
            return {"tokensPerSecond": [sum(len(row) for row in ids) / seconds]}

        def read_again(_count: int) -> Values:
            with tempfile.TemporaryDirectory() as fresh:
                started = time.perf_counter()
                rows = len(read(file, fresh))
                return {"rowsPerSecond": [rows / (time.perf_counter() - started)]}

        tasks = {
            "tokenize": tokenize,
            "load": lambda _count: load(0),
            "loadWithWorkers": lambda _count: load(2),
            "read": read_again,
        }
        serve(tasks, {**versions(), "datasets": datasets.__version__})


if __name__ == "__main__":
    main()
