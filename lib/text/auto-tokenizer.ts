/** Opens the tokenizer of a Hugging Face model folder. */
import { TorchwrightError } from "../errors";
import type { HubOptions } from "../hub/options";
import { bertDocument } from "./bert-wordpiece";
import { tokenizerClass, withClassParts } from "./class-pipelines";
import { openFolder } from "./open-folder";
import { PretrainedTokenizer } from "./pretrained-tokenizer";
import {
  type JsonObject,
  jsonOf,
  readTokenizerFolder,
  TOKENIZER_SELECTION,
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
   * Opens the tokenizer of a folder: from tokenizer.json, or from vocab.txt (with tokenizer_config.json, where it is
   * there) as BERT's WordPiece. Token ids are those of Python's `AutoTokenizer`, whether the model is BERT or one of
   * its relatives with WordPiece, byte-level BPE or Unigram. Truncation and padding that are stored in tokenizer.json
   * are not applied.
   *
   * @param model a folder, or where there is none of that name, a model's name on the hub, whose tokenizer files are
   *   downloaded
   *
   * Throws ERR_FILE_NOT_FOUND for a missing folder, ERR_TOKENIZER_INVALID for missing or damaged files; of the hub
   * ERR_HUB_…, ERR_CHECKSUM, ERR_DISK_FULL and ERR_FILE_WRITE.
   */
  static async fromPretrained(model: string, options: HubOptions = {}): Promise<PretrainedTokenizer> {
    const source = await readTokenizerFolder(
      await openFolder("AutoTokenizer.fromPretrained", model, options, TOKENIZER_SELECTION),
    );
    const config = jsonOf(source, "tokenizer_config.json") ?? {};
    const known = tokenizerClass(config, source.modelConfig);
    const own = jsonOf(source, "tokenizer.json");
    const document = own ? withClassParts(own, known, config) : documentOfVocabulary(source, config);
    const maxLength = modelMaxLength(source, config);
    return PretrainedTokenizer.open({
      source,
      config,
      classTokens: known?.special,
      document,
      stored: document === own,
      maxLength,
    });
  }
}

function documentOfVocabulary(source: TokenizerFolder, config: JsonObject): JsonObject {
  if (source.files.has("vocab.txt")) return bertDocument(source, config);
  throw new TorchwrightError(
    "ERR_TOKENIZER_INVALID",
    `AutoTokenizer.fromPretrained: expected tokenizer.json or vocab.txt in ${source.folder}, found neither`,
  );
}

/** The length that both the tokenizer's and the model's config allow. */
function modelMaxLength(source: TokenizerFolder, config: JsonObject): number {
  const lengths = [config["model_max_length"], source.modelConfig?.["max_position_embeddings"]];
  const usable = lengths.filter(
    (length): length is number =>
      typeof length === "number" && Number.isInteger(length) && length > 0 && length < UNLIMITED,
  );
  return usable.length > 0 ? Math.min(...usable) : DEFAULT_MAX_LENGTH;
}
