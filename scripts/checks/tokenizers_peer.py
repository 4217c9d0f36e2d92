"""Python's side of `npm run check:tokenizers`: ids of many texts from Hugging Face's tokenizer.

    python scripts/checks/tokenizers_peer.py <tokenizer's folder> <JSON list of texts> <file to write>

Writes each text's number of ids and its ids, all as 32-bit integers, and prints the library's version as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy

os.environ["HF_HUB_OFFLINE"] = "1"

import tokenizers  # noqa: E402  (needs the environment above)
from transformers import AutoTokenizer  # noqa: E402

STEP = 1000


def main() -> None:
    """Encodes in steps, as a list of all encodings would take gigabytes."""
    folder, source, out = sys.argv[1:]
    texts = json.loads(Path(source).read_text(encoding="utf-8"))
    backend = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    with Path(out).open("wb") as file:
        for start in range(0, len(texts), STEP):
            for encoding in backend.encode_batch(texts[start : start + STEP]):
                file.write(numpy.array([len(encoding.ids), *encoding.ids], dtype=numpy.int32).tobytes())
    print(json.dumps({"version": tokenizers.__version__}))


if __name__ == "__main__":
    main()
