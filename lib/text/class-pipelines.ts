/**
 * What Python's tokenizer classes do differently from the tokenizer.json beside them.
 *
 * transformers 5 takes from that file, for a class that it knows, vocabulary, added tokens and post-processor, and
 * builds normalizer and pre-tokenizer by the class's own rules and tokenizer_config.json. To give its ids, so do we. Of
 * other classes the file decides everything.
 */
import { bertNormalizer } from "./bert-wordpiece";
import { BERT_SPECIAL_TOKENS, ROBERTA_SPECIAL_TOKENS, type SpecialTokens, tokenText } from "./special-tokens";
import { asObject, type JsonObject } from "./tokenizer-files";

const BERT = BERT_SPECIAL_TOKENS;
const ROBERTA = ROBERTA_SPECIAL_TOKENS;

/** Parts of a document that a class decides; undefined leaves the file's. */
type Parts = Readonly<Partial<Record<"normalizer" | "pre_tokenizer", JsonObject | null>>> & {
  readonly unkId?: number | undefined;
};

interface TokenizerClass {
  /** Special tokens that tokenizer_config.json need not name. */
  readonly special: SpecialTokens;
  /** Kind of model that the class is for; a document with another is left alone. */
  readonly model: "WordPiece" | "BPE" | "Unigram";
  readonly parts?: (config: JsonObject, document: JsonObject) => Parts;
}

const flag = (config: JsonObject, name: string, otherwise: boolean): boolean =>
  typeof config[name] === "boolean" ? config[name] : otherwise;

const sequence = (normalizers: readonly JsonObject[]): JsonObject => ({ type: "Sequence", normalizers });
const replace = (pattern: JsonObject, content: string): JsonObject => ({ type: "Replace", pattern, content });
const QUOTES = [replace({ String: "``" }, '"'), replace({ String: "''" }, '"')];

/**
 * Position of the unknown token in a Unigram vocabulary, as Python's classes look it up: some only with a score of 0.
 */
function unknownAt(config: JsonObject, document: JsonObject, token: string, score?: 0): number | undefined {
  const wanted = tokenText(config["unk_token"]) ?? token;
  const vocabulary = asObject(document["model"])?.["vocab"];
  if (!Array.isArray(vocabulary)) return undefined;
  const at = (vocabulary as unknown[]).findIndex(
    (entry) => Array.isArray(entry) && entry[0] === wanted && (score === undefined || entry[1] === score),
  );
  return at < 0 ? undefined : at;
}

/** The table of SentencePiece's own normalization, which is data and stays with its file. */
function precompiled(document: JsonObject): JsonObject | undefined {
  const top = asObject(document["normalizer"]);
  const steps: unknown = top?.["type"] === "Sequence" ? top["normalizers"] : [top];
  return (Array.isArray(steps) ? (steps as unknown[]) : [])
    .map(asObject)
    .find((step) => step?.["type"] === "Precompiled");
}

function metaspace(scheme: string): JsonObject {
  return { type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: true };
}

const prepends = (config: JsonObject): string => (flag(config, "add_prefix_space", true) ? "always" : "never");
const words = (config: JsonObject): JsonObject => ({
  type: "Sequence",
  pretokenizers: [{ type: "WhitespaceSplit" }, metaspace(prepends(config))],
});

const bertParts = (config: JsonObject): Parts => ({
  normalizer: bertNormalizer(config),
  pre_tokenizer: { type: "BertPreTokenizer" },
});
const byteLevelParts = (config: JsonObject): Parts => ({
  normalizer: null,
  pre_tokenizer: {
    type: "ByteLevel",
    add_prefix_space: flag(config, "add_prefix_space", false),
    trim_offsets: true,
    use_regex: true,
  },
});
const sentencePieceParts = (config: JsonObject, document: JsonObject): Parts => ({
  normalizer: precompiled(document) ?? null,
  pre_tokenizer: words(config),
});

function accentsAndCase(config: JsonObject, document: JsonObject, lowercase: boolean): JsonObject[] {
  const table = precompiled(document);
  return [
    ...(flag(config, "keep_accents", false) ? [] : [{ type: "NFKD" }, { type: "StripAccents" }]),
    ...(flag(config, "do_lower_case", lowercase) ? [{ type: "Lowercase" }] : []),
    ...(table ? [table] : []),
  ];
}

const bert: TokenizerClass = { special: BERT, model: "WordPiece", parts: bertParts };
const roberta: TokenizerClass = { special: ROBERTA, model: "BPE", parts: byteLevelParts };

const CLASSES: Readonly<Record<string, TokenizerClass>> = {
  BertTokenizer: bert,
  DistilBertTokenizer: bert,
  ElectraTokenizer: bert,
  MobileBertTokenizer: bert,
  RobertaTokenizer: roberta,
  BartTokenizer: roberta,
  LongformerTokenizer: roberta,
  DebertaTokenizer: { special: BERT, model: "BPE", parts: byteLevelParts },
  MPNetTokenizer: { special: { ...ROBERTA, unk_token: "[UNK]" }, model: "WordPiece", parts: bertParts },
  FunnelTokenizer: {
    special: { unk_token: "<unk>", sep_token: "<sep>", pad_token: "<pad>", cls_token: "<cls>", mask_token: "<mask>" },
    model: "WordPiece",
    parts: (config) => ({
      ...bertParts(config),
      normalizer: { ...bertNormalizer(config), clean_text: flag(config, "clean_text", true) },
    }),
  },
  XLMRobertaTokenizer: {
    special: ROBERTA,
    model: "Unigram",
    parts: (config, document) => ({ ...sentencePieceParts(config, document), unkId: 3 }),
  },
  CamembertTokenizer: {
    special: ROBERTA,
    model: "Unigram",
    parts: (config, document) => ({
      ...sentencePieceParts(config, document),
      unkId: unknownAt(config, document, "<unk>") ?? 0,
    }),
  },
  AlbertTokenizer: {
    special: { ...BERT, unk_token: "<unk>", pad_token: "<pad>" },
    model: "Unigram",
    parts: (config, document) => ({
      normalizer: sequence([...QUOTES, ...accentsAndCase(config, document, true)]),
      pre_tokenizer: words(config),
      unkId: 1,
    }),
  },
  BigBirdTokenizer: {
    special: { ...BERT, unk_token: "<unk>", pad_token: "<pad>" },
    model: "Unigram",
    parts: (config, document) => ({
      normalizer: sequence([
        { type: "Strip", strip_left: false, strip_right: false },
        replace({ Regex: " {2,}" }, "▁"),
      ]),
      pre_tokenizer: metaspace(prepends(config)),
      unkId: unknownAt(config, document, "<unk>", 0) ?? 100,
    }),
  },
  RemBertTokenizer: {
    special: { ...BERT, unk_token: "<unk>", pad_token: "<pad>" },
    model: "Unigram",
    parts: (config, document) => ({
      normalizer: sequence([...QUOTES, replace({ Regex: " {2,}" }, " "), ...accentsAndCase(config, document, false)]),
      pre_tokenizer: metaspace(prepends(config)),
      unkId: 2,
    }),
  },
  DebertaV2Tokenizer: {
    special: BERT,
    model: "Unigram",
    parts: (config, document) => ({
      unkId: unknownAt(config, document, "[UNK]", 0) ?? (typeof config["unk_id"] === "number" ? config["unk_id"] : 1),
      normalizer: sequence([
        ...(flag(config, "do_lower_case", false) ? [{ type: "Lowercase" }] : []),
        replace({ Regex: "\\s{2,}|[\\n\\r\\t]" }, " "),
        { type: "NFC" },
        { type: "Strip", strip_left: false, strip_right: true },
      ]),
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          ...(flag(config, "split_by_punct", false) ? [{ type: "Punctuation", behavior: "Isolated" }] : []),
          metaspace(flag(config, "add_prefix_space", true) ? "always" : "first"),
        ],
      },
    }),
  },
};

/** Classes by `model_type` in config.json, for folders whose tokenizer_config.json names none; the rest are BERT's. */
const BY_MODEL_TYPE: Readonly<Record<string, string>> = {
  albert: "AlbertTokenizer",
  bart: "RobertaTokenizer",
  bert: "BertTokenizer",
  big_bird: "BigBirdTokenizer",
  camembert: "CamembertTokenizer",
  convbert: "BertTokenizer",
  deberta: "DebertaTokenizer",
  "deberta-v2": "DebertaV2Tokenizer",
  distilbert: "BertTokenizer",
  electra: "BertTokenizer",
  ernie: "BertTokenizer",
  funnel: "FunnelTokenizer",
  layoutlm: "BertTokenizer",
  longformer: "RobertaTokenizer",
  "megatron-bert": "BertTokenizer",
  mobilebert: "MobileBertTokenizer",
  mpnet: "MPNetTokenizer",
  nomic_bert: "BertTokenizer",
  rembert: "RemBertTokenizer",
  roberta: "RobertaTokenizer",
  "roberta-prelayernorm": "RobertaTokenizer",
  squeezebert: "BertTokenizer",
  "xlm-roberta": "XLMRobertaTokenizer",
};

/** The class that Python's `AutoTokenizer` would take, if its rules are known here. */
export function tokenizerClass(config: JsonObject, modelConfig: JsonObject | undefined): TokenizerClass | undefined {
  const named = config["tokenizer_class"] ?? modelConfig?.["tokenizer_class"];
  const name =
    typeof named === "string" ? named.replace(/Fast$/, "") : BY_MODEL_TYPE[String(modelConfig?.["model_type"])];
  return name !== undefined && Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
}

/** The document with a class's own parts; the very same where they say what it says. */
export function withClassParts(
  document: JsonObject,
  known: TokenizerClass | undefined,
  config: JsonObject,
): JsonObject {
  const model = asObject(document["model"]);
  if (!known?.parts || model?.["type"] !== known.model) return document;
  const { unkId = model["unk_id"], ...parts } = known.parts(config, document);
  const changed: JsonObject = {
    ...document,
    ...parts,
    ...(known.model === "Unigram" ? { model: { ...model, unk_id: unkId } } : {}),
  };
  const told = (value: JsonObject): string =>
    JSON.stringify([
      canonical(value["normalizer"]),
      canonical(value["pre_tokenizer"]),
      asObject(value["model"])?.["unk_id"],
    ]);
  return told(changed) === told(document) ? document : changed;
}

/** Keys in one order and defaults of the library left out, so that equal steps compare equal. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map(canonical);
  const object = asObject(value);
  if (!object) return value ?? null;
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((key) => [key, canonical(object[key])]),
  );
}
