"""Opens models by their names on a hub (HF_ENDPOINT), from and into a cache that Torchwright uses, too.

    python verify_hub.py <cache> <name that the cache has> <name that it has not> <text> <folder for a pickled copy>

Prints JSON: the logits of the first without network and with it, and of the second, and what a scan of the cache warns of.
"""

import json
import os
import sys

import torch
from huggingface_hub import scan_cache_dir
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def logits(name: str, text: str, **options) -> list[list[float]]:
    tokenizer = AutoTokenizer.from_pretrained(name, **options)
    model = AutoModelForSequenceClassification.from_pretrained(name, **options).eval()
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    with torch.no_grad():
        return model(input_ids=ids).logits.tolist()


def write_pickled(name: str, folder: str, **options) -> None:
    """The model as repositories had it before safetensors."""
    model = AutoModelForSequenceClassification.from_pretrained(name, **options)
    AutoTokenizer.from_pretrained(name, **options).save_pretrained(folder)
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), os.path.join(folder, "pytorch_model.bin"))


def main() -> None:
    cache, ours, theirs, text, pickled = sys.argv[1:]
    report = {
        "offline": logits(ours, text, cache_dir=cache, local_files_only=True),
        "online": logits(ours, text, cache_dir=cache),
        "fetched": logits(theirs, text, cache_dir=cache),
    }
    write_pickled(ours, pickled, cache_dir=cache, local_files_only=True)
    warnings = [str(warning) for warning in scan_cache_dir(cache).warnings]
    print(json.dumps({"logits": report, "warnings": warnings}))


if __name__ == "__main__":
    main()
