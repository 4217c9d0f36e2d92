/** Why a model gave a text its label: attributions by token and by word, and whether they add up. */
import { printsAs } from "../data/inspect/prints-as";
import type { Encoding } from "../text/tokenizer";
import { explanationReading } from "./explanation-text";

/** What of the score a token accounts for. */
export interface TokenAttribution {
  /** As the vocabulary writes it. */
  readonly token: string;
  /** Where it stands: `text.slice(start, end)`. */
  readonly start: number;
  /** Where the token ends, exclusive. */
  readonly end: number;
  /** Above 0 where it speaks for the label. */
  readonly attribution: number;
}

/** The sum over a word's tokens. */
export interface WordAttribution {
  /** `text.slice(start, end)`. */
  readonly text: string;
  /** Where the word begins in the text, in UTF-16 units. */
  readonly start: number;
  /** Where the word ends, exclusive. */
  readonly end: number;
  /** The sum over its tokens. */
  readonly attribution: number;
}

/** What in a text speaks for a label, by token and by word. */
export interface Explanation {
  /** The label whose logit was explained. */
  readonly label: string;
  /** Its logit for the text; of a regression the number. */
  readonly score: number;
  /** Its logit for a text of padding alone. */
  readonly baselineScore: number;
  /** In the text's order, without special tokens, which are the baseline's too and account for nothing. */
  readonly tokens: readonly TokenAttribution[];
  /** By word, in the order of the text. */
  readonly words: readonly WordAttribution[];
  /** The completeness check, as Captum's: what the attributions sum to, less `score - baselineScore`. */
  readonly convergenceDelta: number;
  /** Whether `convergenceDelta` is at most 5 % of all attributions, the paper's limit; where not, take more `steps`. */
  readonly converged: boolean;
}

/** Which part of the attributions the completeness check may miss, and of the scores, which are float32. */
const TOLERANCE = 0.05;
const ROUNDING = 1e-5;

/** An encoding with everything that an explanation shows. */
export type TellingEncoding = Encoding &
  Required<Pick<Encoding, "offsets" | "wordIds" | "specialTokensMask" | "tokens">>;

/** One window of the text, with the attribution of each of its tokens. */
export interface ExplainedWindow {
  readonly encoding: TellingEncoding;
  readonly attributions: Float32Array;
}

interface Parts {
  readonly text: string;
  readonly label: string;
  readonly score: number;
  readonly baselineScore: number;
  readonly windows: readonly ExplainedWindow[];
}

/** Puts an explanation together. A token that several windows share is one, with the sum of its attributions. */
export function makeExplanation({ text, label, score, baselineScore, windows }: Parts): Explanation {
  const tokens = new Map<string, Mutable<TokenAttribution>>();
  const words = new Map<number, Mutable<WordAttribution>>();
  let [sum, magnitude] = [0, 0];
  for (const { encoding, attributions } of windows) {
    attributions.forEach((attribution, at) => {
      const [start, end] = encoding.offsets[at] as readonly [number, number];
      sum += attribution;
      if (encoding.specialTokensMask[at] === 1) return;
      const key = `${start} ${end} ${encoding.ids[at]}`;
      const token = tokens.get(key);
      if (token) token.attribution += attribution;
      else tokens.set(key, { token: encoding.tokens[at] as string, start, end, attribution });
      const wordId = encoding.wordIds[at];
      if (wordId === null || wordId === undefined) return;
      const word = words.get(wordId);
      if (!word) words.set(wordId, { text: "", start, end, attribution });
      else {
        word.attribution += attribution;
        word.start = Math.min(word.start, start);
        word.end = Math.max(word.end, end);
      }
    });
  }
  for (const { attribution } of tokens.values()) magnitude += Math.abs(attribution);
  const convergenceDelta = sum - (score - baselineScore);
  const explanation: Explanation = {
    label,
    score,
    baselineScore,
    tokens: [...tokens.values()],
    words: Array.from(words.values(), (word) => ({ ...word, text: text.slice(word.start, word.end) })),
    convergenceDelta,
    converged:
      Math.abs(convergenceDelta) <= TOLERANCE * magnitude + ROUNDING * (Math.abs(score) + Math.abs(baselineScore)),
  };
  return printsAs(explanation, explanationReading);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
