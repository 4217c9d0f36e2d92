/** Opens the tokenizer of a Hugging Face model folder. */
import { describe, TorchwrightError } from "../errors";
import { bertDocument, bertNormalizer } from "./bert-wordpiece";
import { documentFault, idLimit } from "./check-document";
import { libraryTokenizer } from "./huggingface";
import { PretrainedTokenizer } from "./pretrained-tokenizer";
import { filesToSave } from "./saved-files";
import { specialTokens, type SpecialTokens } from "./special-tokens";
import type { Tokenizer } from "./tokenizer";
import {
  asObject,
  invalid,
  type JsonObject,
  jsonOf,
  readTokenizerFolder,
  type TokenizerFolder,
} from "./tokenizer-files";

/** BERT's position table, for folders that name no length. */
const DEFAULT_MAX_LENGTH = 512;

/** Above this, `model_max_length` is Python's way of saying "none". */
const UNLIMITED = 1_000_000;

/**
 * Opens tokenizers by the files of a model folder.
 *
 * @example
 * ```ts
 * import { AutoTokenizer } from "torchwright";
 * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
 * const { ids } = await tokenizer.encode("Hello, world!");
 * ```
 */
export class AutoTokenizer {
  private constructor() {}

  /**
   * Opens the tokenizer of a folder: from tokenizer.json, or from vocab.txt (with tokenizer_config.json, where
   * it is there) as BERT's WordPiece. Token ids are those of Python's `AutoTokenizer`. Truncation and
   * padding that are stored in tokenizer.json are not applied.
   *
   * Throws ERR_FILE_NOT_FOUND for a missing folder, ERR_TOKENIZER_INVALID for missing or damaged files.
   */
  static async fromPretrained(folder: string): Promise<Tokenizer> {
    if (typeof folder !== "string" || folder === "") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `AutoTokenizer.fromPretrained: expected the path of a folder, got ${describe(folder)}`,
      );
    }
    const source = await readTokenizerFolder(folder);
    const config = jsonOf(source, "tokenizer_config.json") ?? {};
    const special = specialTokens(source, config);
    const { document, stored } = openDocument(source, config, special);
    const origin = source.files.has("tokenizer.json") ? "tokenizer.json" : "vocab.txt";
    const maxLength = modelMaxLength(source, config);
    try {
      const fault = documentFault(document);
      if (fault !== undefined) throw invalid(source, origin, fault);
      const vocabSize = idLimit(document);
      const rows = source.modelConfig?.["vocab_size"];
      if (typeof rows === "number" && vocabSize > rows) {
        throw invalid(source, origin, `it has ids up to ${vocabSize - 1}, and config.json says that the model has embeddings for ${rows} (vocab_size)`);
      }
      const library = libraryTokenizer(JSON.stringify({ ...document, truncation: null, padding: null }));
      const padTokenId = library.tokenToId(special.pad_token);
      if (padTokenId === null) {
        const what = `it has no padding token "${special.pad_token}"; name it as pad_token in tokenizer_config.json`;
        throw invalid(source, origin, what);
      }
      const present = Object.entries(special).filter(([, token]) => library.tokenToId(token) !== null);
      return await PretrainedTokenizer.create(library, {
        padTokenId,
        vocabSize: Math.max(vocabSize, library.getVocabSize(true)),
        maxLength,
        truncationSide: config["truncation_side"] === "left" ? "left" : "right",
        files: filesToSave({ source, config, special: Object.fromEntries(present), document, stored, maxLength }),
      });
    } catch (error) {
      if (error instanceof TorchwrightError) throw error;
      throw invalid(source, origin, (error as Error).message, error);
    }
  }
}

/** The tokenizer.json document to use, and whether the folder's own file says the same. */
function openDocument(
  source: TokenizerFolder,
  config: JsonObject,
  special: SpecialTokens,
): { document: JsonObject; stored: boolean } {
  const document = jsonOf(source, "tokenizer.json");
  if (!document) {
    if (source.files.has("vocab.txt")) return { document: bertDocument(source, config, special), stored: false };
    throw new TorchwrightError(
      "ERR_TOKENIZER_INVALID",
      `AutoTokenizer.fromPretrained: expected tokenizer.json or vocab.txt in ${source.folder}, found neither`,
    );
  }
  // Python's BertTokenizer takes case, accents and CJK from tokenizer_config.json and its own defaults, not
  // from tokenizer.json. To give its ids, so do we.
  if (!isBertClass(source, config) || asObject(document["normalizer"])?.["type"] !== "BertNormalizer") {
    return { document, stored: true };
  }
  const current = asObject(document["normalizer"]) ?? {};
  const wanted = bertNormalizer(config);
  const same = Object.entries(wanted).every(([key, value]) => (current[key] ?? null) === value);
  return same ? { document, stored: true } : { document: { ...document, normalizer: wanted }, stored: false };
}

function isBertClass(source: TokenizerFolder, config: JsonObject): boolean {
  const name = config["tokenizer_class"];
  if (typeof name === "string") return name === "BertTokenizer" || name === "BertTokenizerFast";
  return source.modelConfig?.["model_type"] === "bert";
}

/** The length that both the tokenizer's and the model's config allow. */
function modelMaxLength(source: TokenizerFolder, config: JsonObject): number {
  const lengths = [config["model_max_length"], source.modelConfig?.["max_position_embeddings"]];
  const usable = lengths.filter(
    (length): length is number => typeof length === "number" && Number.isInteger(length) && length > 0 && length < UNLIMITED,
  );
  return usable.length > 0 ? Math.min(...usable) : DEFAULT_MAX_LENGTH;
}
