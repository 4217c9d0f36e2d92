"""Golden files for the tokenizer: hard texts with the ids that Python's `AutoTokenizer` gives them.

Writes `tokens.json` and `tokenizer/tokenizer.json`, and for BERT's relatives what `relatives.py` says; the first two from the small vocabulary `tokenizer/vocab.txt`. That file is
made only when it is missing (delete it for a new one): it is trained on Python's own reference manual, which
changes with Python's version.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from pathlib import Path

import relatives
from common import SEED, provenance, write_json
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = 2600
MAX_LENGTH = 512

# What the manual lacks: accents in both normal forms, other scripts, CJK in and beyond the basic plane, emoji.
EXTRA = """
naïve café résumé façade déjà vu Ångström Straße Größe jalapeño São Paulo coração smörgåsbord Žižek Łódź İstanbul ığdır
cafe\u0301 re\u0301sume\u0301 A\u030angstro\u0308m n\u0303
σοφός Σίσυφος ΟΔΥΣΣΕΥΣ λόγος και ψυχή Москва привет мир ёлка שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดี
東京 北京 上海 日本語 中文 漢字 学習 機械 𠀀 𠮷 𩸽 𪚥 㐀 한국어 안녕 세계 ひらがな カタカナ
😀 😂 🚀 ❤ 👍 🎉 € £ ¥ © ® ™ ° ½ ² × ÷ “ ” ‘ ’ – — … « » ¿ ¡ § ¶ • → ≤ ≠ ∞ 🇪🇺
""".split()

VARIANTS: dict[str, dict] = {
    "uncased": {"do_lower_case": True},
    "cased": {"do_lower_case": False},
    "lower case with accents": {"do_lower_case": True, "strip_accents": False},
    "cased without accents": {"do_lower_case": False, "strip_accents": True},
    "CJK as words": {"do_lower_case": True, "tokenize_chinese_chars": False},
    "truncated on the left": {"do_lower_case": True, "truncation_side": "left"},
    "no settings": {},
}

TEXTS: list[str | list[str]] = [
    "",
    " ",
    "\t\n\r\v\f",
    "Hello, world!",
    "The quick brown fox jumps over the lazy dog.",
    "naïve café résumé Ångström Straße ÀÉÎÕÜ",
    "nai\u0308ve cafe\u0301 re\u0301sume\u0301 A\u030angstro\u0308m \u1e9b\u0323",
    "İstanbul ıI iİ I\u0307",
    "ΟΔΥΣΣΕΥΣ ὈΔΥΣΣΕΎΣ σοφός Σίσυφος ΣΑΣ Σ ΑΣ. ΑΣ\u00adΒ",
    "ǅ ǆ Ǆ ﬁ ﬀ ß ẞ K Å ſ",
    "東京は日本の首都です。北京 Beijing北京",
    "𠀀𠮷野家 a𩸽b 𪚥 \U0002f800 \U0002ebf0 \U00030000",
    "㐀 \uf900 \u3400\u4dbf ㈱ ㍿ ｱｲｳ ＡＢＣ",
    "한국어 안녕 세계 ひらがなカタカナ",
    "😀 😂🚀 👨‍👩‍👧‍👦 👍🏽 🇪🇺 ❤️ a😀b",
    "a\u0000b \ufffd c\u0001d \u007f e\u0085f \u200b g\u200dh \ufeff i\u00adj \u2028 k\u2029l",
    "a\u00a0b\u2003c\u3000d\u1680e\u180ef",
    "\ue000 \U000f0000 \U0010fffd \uffff \ufdd0",
    "can't won't it's — “quoted” ‘text’ … 100% $5.00 #tag @name a_b c/d e\\f <g> [h] {i} |j| k~l `m` ^n",
    "[CLS] [SEP] [PAD] [UNK] [MASK] [mask] [ CLS ] a[SEP]b [CLS][SEP]",
    "##ing ## # ing##",
    "x" * 100,
    "x" * 101,
    "é" * 100,
    "e\u0301" * 51,
    "a" * 5000 + " b",
    "antidisestablishmentarianism " * 3,
    "\u0301 a\u0301\u0301\u0301\u0301 \u0300\u0301",
    "नमस्ते दुनिया สวัสดีครับ مرحبا بالعالم שלום עולם",
    "1234567890 3.14159 1,000,000 0x1F 1e-9 ½ ² ٣",
    "line one\nline two\r\nline three\ttabbed",
    ["first text", "second text"],
    ["", ""],
    ["only first", ""],
    ["", "only second"],
    ["a [SEP] b", "c [CLS] d"],
    ["one two three four five six seven eight nine ten", "short"],
    ["short", "one two three four five six seven eight nine ten"],
    ["one two three four five six seven eight", "one two three four five six seven eight nine"],
    ["東京 😀 café", "ΣΑΣ \u0000 𠮷"],
]

LENGTHS = (MAX_LENGTH, 16, 9, 8, 5, 4, 3, 2)


def long_texts(words: list[str], generator: random.Random) -> list[str | list[str]]:
    """Texts of more than 512 tokens."""

    def text(count: int) -> str:
        return " ".join(generator.choices(words, k=count))

    return [text(700), [text(400), text(300)], [text(50), text(700)], [text(700), text(50)]]


def random_texts(generator: random.Random) -> list[str]:
    """Characters from everywhere, surrogates left out."""
    ranges = [(0x20, 0x7F), (0x20, 0x7F), (0, 0x3000), (0x3000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x2FFFF), (0x300, 0x36F)]
    return ["".join(chr(generator.randint(*generator.choice(ranges))) for _ in range(generator.randint(1, 30))) for _ in range(60)]


def manual() -> list[str]:
    """Python's reference manual, the only long English text that every Python has."""
    from pydoc_data.topics import topics

    return [topics[name] for name in sorted(topics)]


def train_vocabulary(file: Path) -> None:
    """Trains WordPiece with and without case, so that one vocabulary serves all variants."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False, handle_chinese_chars=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    alphabet = sorted({character for word in EXTRA for character in word})
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=alphabet, limit_alphabet=600, show_progress=False
    )
    corpus = manual()
    tokenizer.train_from_iterator(corpus + [text.lower() for text in corpus] + [" ".join(EXTRA)] * 50, trainer)
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{token}\n" for token in sorted(vocabulary, key=vocabulary.__getitem__)), encoding="utf-8")


def open_tokenizer(folder: Path, vocabulary: Path, settings: dict) -> object:
    """Python's tokenizer for vocab.txt and settings."""
    shutil.copy(vocabulary, folder / "vocab.txt")
    config = {"tokenizer_class": "BertTokenizer", "model_max_length": MAX_LENGTH, **settings}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return AutoTokenizer.from_pretrained(folder)


def encode(tokenizer: object, text: str | list[str], max_length: int) -> dict:
    """Ids and, where they are not all 0, token types as a string of digits.

    A batch of one: for a single pair with an empty second text Python leaves out the second [SEP], in batches it
    does not. Data comes in batches.
    """
    encoded = tokenizer([text if isinstance(text, str) else tuple(text)], truncation=True, max_length=max_length)
    assert set(encoded["attention_mask"][0]) <= {1}, "without padding every token counts"
    entry = {"ids": encoded["input_ids"][0]}
    types = "".join(map(str, encoded["token_type_ids"][0]))
    return {**entry, "types": types} if "1" in types else entry


def encode_at_all_lengths(tokenizer: object, text: str | list[str]) -> list[dict]:
    """One entry per maximal length, as long as the text is cut by it."""
    full = len(encode(tokenizer, text, 10**9)["ids"])
    specials = 2 if isinstance(text, str) else 3
    lengths = [length for length in LENGTHS if length >= specials and (length == MAX_LENGTH or length < full)]
    if full > MAX_LENGTH:
        lengths = [MAX_LENGTH, 64]
    return [{"maxLength": length, **encode(tokenizer, text, length)} for length in lengths]


def write(out: Path) -> None:
    """Writes `tokens.json`, `tokenizer/tokenizer.json` and, if it is missing, `tokenizer/vocab.txt`."""
    vocabulary = out / "tokenizer" / "vocab.txt"
    if not vocabulary.exists():
        train_vocabulary(vocabulary)
    generator = random.Random(SEED)
    words = [token for token in vocabulary.read_text(encoding="utf-8").split("\n") if token.isalpha() and token.isascii()]
    texts = TEXTS + long_texts(words, generator) + random_texts(generator)
    variants = []
    for name, settings in VARIANTS.items():
        with tempfile.TemporaryDirectory() as folder:
            tokenizer = open_tokenizer(Path(folder), vocabulary, settings)
            # The random texts and the long ones once are enough; they are most of the file.
            chosen = texts if name in ("uncased", "cased") else [text for text in texts if text in TEXTS]
            encodings = [encode_at_all_lengths(tokenizer, text) for text in chosen]
            variants.append({"name": name, "settings": settings, "encodings": encodings})
            if name == "uncased":
                batch = ["short", "a somewhat longer text", "", "東京 😀"]
                padded = tokenizer(batch, padding=True)
                save_with_stored_state(tokenizer, out / "tokenizer")
    padding = {
        "texts": batch,
        "ids": padded["input_ids"],
        "types": padded["token_type_ids"],
        "mask": padded["attention_mask"],
    }
    write_json(out / "tokens.json", {**provenance(), "texts": texts, "padding": padding, "variants": variants})
    mixed = [*TEXTS, "a <mask> b<mask>c <s> </s> <pad> <unk> [MASK]", " two  spaces   and a tab\t``quoted'' ", *random_texts(generator)[:20]]
    relatives.write(out, [*mixed, *long_texts(words[:400], generator)[1:]], manual() + [" ".join(EXTRA)] * 20)


def save_with_stored_state(tokenizer: object, folder: Path) -> None:
    """tokenizer.json with truncation and padding stored in it, as many published ones have; they must not be applied."""
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.enable_truncation(max_length=6)
    backend.enable_padding(length=12)
    backend.save(str(folder / "tokenizer.json"), pretty=False)
