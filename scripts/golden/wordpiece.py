"""Golden file for training: vocabularies that Python's `BertWordPieceTokenizer` makes of WordNet's definitions.

Where pairs are equally frequent the library chooses by the order of a hash table that is another in each process, so ids differ,
and near the end of the vocabulary tokens, too. The sizes are such that the tokens, as a set, do not: each is trained several times.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from common import provenance, write_json
from relatives import definitions

RUNS = 3
STEP = 20
CASES: list[dict] = [
    {"vocab_size": 2000, "lowercase": True},
    {"vocab_size": 1200, "lowercase": False, "limit_alphabet": 60, "min_frequency": 30},
]

TRAIN = """
import json, sys
from tokenizers import BertWordPieceTokenizer
texts, case = json.load(sys.stdin)
tokenizer = BertWordPieceTokenizer(lowercase=case.pop("lowercase"))
tokenizer.train_from_iterator(texts, show_progress=False, **case)
print(json.dumps(sorted(tokenizer.get_vocab())))
"""


def train(texts: list[str], case: dict) -> list[str]:
    """The vocabulary, sorted, of a training in a process of its own."""
    done = subprocess.run([sys.executable, "-c", TRAIN], input=json.dumps([texts, case]), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def write(out: Path) -> None:
    """Writes `wordpiece.json`."""
    texts = definitions(STEP)
    trained = []
    for case in CASES:
        runs = [train(texts, case) for _ in range(RUNS)]
        assert all(run == runs[0] for run in runs), f"{case}: the library's choices show; take another size"
        trained.append({"options": case, "vocabulary": runs[0]})
    write_json(out / "wordpiece.json", {**provenance(), "step": STEP, "trained": trained})
