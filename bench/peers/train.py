"""The peer's training tasks: a plain PyTorch loop over Hugging Face's model, with fused AdamW.

    python bench/peers/train.py <folder with model/, batches.jsonl, texts.jsonl> <settings as JSON>

Tasks: `fixed` (steps on one batch of random ids), `lengths` (steps on the demo's batches), `endToEnd` (from text:
tokenizer, padding, step).
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from serve import SCRIPTS, Values, serve, threads

sys.path.insert(0, str(SCRIPTS))

import torch  # noqa: E402  (needs the path above)
from torch.utils.data import DataLoader  # noqa: E402
from transformers import AutoTokenizer, BertForSequenceClassification  # noqa: E402

from reference import Batch, ReferenceTrainer, batch_from_json, versions  # noqa: E402


class TimedTrainer(ReferenceTrainer):
    """The reference step with a clock between its parts."""

    def timed_step(self, batch: Batch) -> list[float]:
        """Milliseconds of forward, backward, and clip and update."""
        times = [time.perf_counter()]
        loss = self.model(**batch.inputs()).loss
        times.append(time.perf_counter())
        loss.backward()
        times.append(time.perf_counter())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        times.append(time.perf_counter())
        return [1000 * (after - before) for before, after in itertools.pairwise(times)]


def timed(trainer: TimedTrainer, batches: Iterator[Batch], count: int) -> Values:
    """Every step's milliseconds, whole and in parts."""
    steps = [trainer.timed_step(next(batches)) for _ in range(count)]
    forward, backward, update = (list(part) for part in zip(*steps, strict=True))
    return {"step": [sum(step) for step in steps], "forward": forward, "backward": backward, "update": update}


def main() -> None:
    """Opens the model and serves."""
    folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(threads())
    torch.manual_seed(settings["seed"])
    model = BertForSequenceClassification.from_pretrained(str(folder / "model"), attn_implementation="sdpa").train()
    tokenizer = AutoTokenizer.from_pretrained(str(folder / "model"))
    trainer = TimedTrainer(model, lr=settings["learningRate"], warmup_steps=0, total_steps=10**6)

    lines = [json.loads(line) for line in (folder / "batches.jsonl").read_text(encoding="utf-8").splitlines()]
    batches = itertools.cycle([batch_from_json(line) for line in lines])
    rows, width = settings["rows"], settings["width"]
    fixed = Batch(
        torch.randint(1000, 30000, (rows, width)),
        torch.ones(rows, width, dtype=torch.int64),
        torch.zeros(rows, width, dtype=torch.int64),
        torch.randint(0, model.config.num_labels, (rows,)),
    )

    examples = [json.loads(line) for line in (folder / "texts.jsonl").read_text(encoding="utf-8").splitlines()]
    classes = model.config.label2id

    def collate(chosen: list[dict]) -> Batch:
        encoded = tokenizer(
            [row["text"] for row in chosen],
            padding=True,
            truncation=True,
            max_length=settings["maxLength"],
            return_tensors="pt",
            return_token_type_ids=True,
        )
        labels = torch.tensor([classes[row["label"]] for row in chosen])
        return Batch(encoded["input_ids"], encoded["attention_mask"], encoded["token_type_ids"], labels)

    loader = DataLoader(examples, batch_size=settings["batchSize"], collate_fn=collate)
    texts = itertools.chain.from_iterable(itertools.repeat(loader))

    def end_to_end(count: int) -> Values:
        started = time.perf_counter()
        tokens = 0
        for batch in itertools.islice(texts, count):
            tokens += int(batch.attention_mask.sum())
            trainer.step(batch)
        return {"tokensPerSecond": [tokens / (time.perf_counter() - started)]}

    def lengths(count: int) -> Values:
        # Batches differ in length: the mean of a round's, and both sides have the same ones in a round.
        return {name: [sum(times) / count] for name, times in timed(trainer, batches, count).items()}

    tasks = {"fixed": lambda count: timed(trainer, itertools.repeat(fixed), count), "lengths": lengths}
    serve({**tasks, "endToEnd": end_to_end}, versions())


if __name__ == "__main__":
    main()
