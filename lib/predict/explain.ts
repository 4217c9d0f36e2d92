/** Explains a prediction: which label, the attributions of each window of the text, and how they add up. */
import { describe, type ErrorCode, TorchwrightError } from "../errors";
import { noGrad } from "../autograd/grad-mode";
import type { TextClassifier } from "../models/model";
import type { EncodeOptions, Encoding, Tokenizer } from "../text/tokenizer";
import { type ExplainedWindow, type Explanation, makeExplanation, type TellingEncoding } from "./explanation";
import { gaussLegendre } from "./gauss-legendre";
import { IntegratedGradients } from "./integrated-gradients";
import { meanOfWindows } from "./windows";

export interface ExplainParts {
  readonly model: TextClassifier;
  readonly tokenizer: Tokenizer;
  readonly encodeOptions: EncodeOptions;
  /** Points of the way, and their tokens, that go through the model at once. */
  readonly batchSize: number;
  readonly maxTokens: number;
  readonly label: string | undefined;
  readonly steps: number;
  readonly signal: AbortSignal | undefined;
}

const TELLING = { offsets: true, wordIds: true, specialTokensMask: true, tokens: true } as const;

/**
 * See `Classifier.explain`. The score of a text in windows is the mean over them, and so is each window's part in the
 * attributions.
 */
export async function explain(text: string, parts: ExplainParts): Promise<Explanation> {
  const { model, tokenizer, encodeOptions, batchSize, maxTokens, steps, signal } = parts;
  if (typeof text !== "string") {
    throw new TorchwrightError("ERR_INVALID_ARG", `explain: expected a text, got ${describe(text)}`);
  }
  signal?.throwIfAborted();
  const gradients = new IntegratedGradients(model, tokenizer.padTokenId);
  const whole = await tokenizer.encode(text, undefined, { ...encodeOptions, ...TELLING });
  const encodings = [whole, ...(whole.overflow ?? [])].map(checkTelling);

  const scores: (readonly [baseline: Float32Array, text: Float32Array])[] = [];
  for (const encoding of encodings) scores.push(await noGrad(() => gradients.scores(encoding)).catch(refuseModel));
  const [baseline, own] = ([0, 1] as const).map((end) => meanOfWindows(scores.map((pair) => pair[end]))) as [
    Float32Array,
    Float32Array,
  ];
  const classId =
    parts.label === undefined
      ? own.indexOf(own.reduce((most, logit) => Math.max(most, logit)))
      : model.labels.indexOf(parts.label);
  if (classId < 0) {
    throw new TorchwrightError(
      "ERR_UNKNOWN_LABEL",
      `explain: expected a label of the model (${model.labels.join(", ")}), got ${describe(parts.label)}`,
    );
  }

  const quadrature = gaussLegendre(steps);
  const windows: ExplainedWindow[] = [];
  for (const encoding of encodings) {
    const rows = Math.max(1, Math.min(batchSize, Math.floor(maxTokens / encoding.ids.length)));
    const attributions = await gradients.attributions(encoding, classId, quadrature, rows, signal);
    windows.push({ encoding, attributions: attributions.map((value) => value / encodings.length) });
  }
  return makeExplanation({
    text,
    label: model.labels[classId] as string,
    score: own[classId] as number,
    baselineScore: baseline[classId] as number,
    windows,
  });
}

/** What says nothing about the inputs. */
const OTHER_TROUBLE: readonly string[] = [
  "ERR_MODULE_DISPOSED",
  "ERR_TENSOR_DISPOSED",
  "ERR_OUT_OF_MEMORY",
  "ERR_SHUT_DOWN",
] satisfies ErrorCode[];

/** Modules may fail in any way where they get embeddings in place of ids. */
function refuseModel(error: unknown): never {
  if (error instanceof TorchwrightError && OTHER_TROUBLE.includes(error.code)) throw error;
  const why = error instanceof Error ? error.message : String(error);
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `explain: expected a model that takes inputsEmbeds in place of inputIds, got one whose forward fails with them: ${why}`,
    { cause: error },
  );
}

/** Own tokenizers need not tell where tokens stand. */
function checkTelling(encoding: Encoding): TellingEncoding {
  const missing = (Object.keys(TELLING) as (keyof typeof TELLING)[]).find((name) => encoding[name] === undefined);
  if (missing === undefined) return encoding as TellingEncoding;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `explain: expected a tokenizer whose encodings have ${missing}, got one without`,
  );
}
