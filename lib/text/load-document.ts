/** Opens a tokenizer.json document in the library, once it is known to be one that cannot end the process. */
import { createHash } from "node:crypto";
import { TorchwrightError } from "../errors";
import { documentFault, idLimit } from "./check-document";
import { libraryTokenizer, type LibraryTokenizer } from "./huggingface";
import { specialTokens, type SpecialTokens } from "./special-tokens";
import { readTemplate, type Template } from "./template";
import { invalid, type JsonObject, type TokenizerFolder } from "./tokenizer-files";
import type { TruncationSide } from "./truncate";

/** What is known of a tokenizer before the library has it; never changed, so that tokenizers may share it. */
export interface OpenedTokenizer {
  /** Where it came from; without files for one that was made here. */
  readonly source: TokenizerFolder;
  /** tokenizer_config.json, empty where there is none. */
  readonly config: JsonObject;
  /** Special tokens of its class, where that is known. */
  readonly classTokens: SpecialTokens | undefined;
  /** The tokenizer.json document in use. */
  readonly document: JsonObject;
  /** Whether the folder's own tokenizer.json says the same as `document`. */
  readonly stored: boolean;
  readonly maxLength: number;
}

/** A tokenizer in use. */
export interface LoadedTokenizer {
  readonly library: LibraryTokenizer;
  readonly template: Template;
  /** Special tokens by role, those that the vocabulary has. */
  readonly special: Readonly<Partial<SpecialTokens>>;
  readonly padTokenId: number;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly truncationSide: TruncationSide;
  /** SHA-256 of what decides the ids. */
  readonly fingerprint: string;
}

/** Opens what was read; throws ERR_TOKENIZER_INVALID naming the file that is at fault. */
export async function loadDocument(opened: OpenedTokenizer): Promise<LoadedTokenizer> {
  const { source, config, document, maxLength } = opened;
  const origin = source.files.has("tokenizer.json") || !source.files.has("vocab.txt") ? "tokenizer.json" : "vocab.txt";
  try {
    const fault = documentFault(document);
    if (fault !== undefined) throw invalid(source, origin, fault);
    const limit = idLimit(document);
    const rows = source.modelConfig?.["vocab_size"];
    if (typeof rows === "number" && limit > rows) {
      throw invalid(
        source,
        origin,
        `it has ids up to ${limit - 1}, and config.json says that the model has embeddings for ${rows} (vocab_size)`,
      );
    }
    const json = JSON.stringify({ ...document, truncation: null, padding: null });
    const library = libraryTokenizer(json);
    const has = (token: string): boolean => library.tokenToId(token) !== null;
    const special = specialTokens(source, config, opened.classTokens, has);
    const padTokenId = library.tokenToId(special.pad_token);
    if (padTokenId === null) {
      throw invalid(
        source,
        origin,
        `it has no padding token "${special.pad_token}"; name it as pad_token in tokenizer_config.json`,
      );
    }
    const truncationSide = config["truncation_side"] === "left" ? "left" : "right";
    return {
      library,
      template: await readTemplate(library),
      special: Object.fromEntries(Object.entries(special).filter(([, token]) => has(token))),
      padTokenId,
      vocabSize: Math.max(limit, library.getVocabSize(true)),
      truncationSide,
      fingerprint: createHash("sha256")
        .update(`${maxLength} ${truncationSide} ${padTokenId}\n`)
        .update(json)
        .digest("hex"),
    };
  } catch (error) {
    if (error instanceof TorchwrightError) throw error;
    throw invalid(source, origin, (error as Error).message, error);
  }
}
