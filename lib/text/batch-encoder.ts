/**
 * Runs texts through the library and makes encodings of what comes back, off and on the JavaScript thread in turns.
 *
 * The library tokenizes texts only, without special tokens, truncation or pairs: its settings for these are shared and
 * mutable, and every window that it cut would cost a crossing of the native boundary. The rest is done here on arrays.
 */
import { TorchwrightError } from "../errors";
import type { Cutter } from "./cut-text";
import type { ResolvedEncodeOptions } from "./encode-options";
import { fit, type Place } from "./fit";
import type { LibraryEncoding, LibraryTokenizer } from "./huggingface";
import { assemble, type Template } from "./template";
import { checkInput } from "./text-input";
import { TimeSlice } from "./time-slice";
import type { Encoding } from "./tokenizer";
import { joinPieces, readTokens, type TokensOfPiece, type TokensOfText } from "./tokens-of-text";
import type { Span, TruncationSide } from "./truncate";

/** Of one call of the library: enough for its threads, few enough that preparing and reading it stays short. */
const CALL_TEXTS = 512;
const CALL_UNITS = 262_144;
/** Calls that the library works on while the results of one are read. */
const AHEAD = 2;

/** A text of an input, or a piece of one. */
interface Piece {
  readonly text: string;
  readonly start: number;
  readonly input: number;
  readonly endsText: boolean;
  readonly endsInput: boolean;
}

interface Call {
  readonly pieces: readonly Piece[];
  readonly encodings: Promise<LibraryEncoding[]>;
}

export interface EncoderParts {
  readonly library: LibraryTokenizer;
  readonly template: Template;
  readonly truncationSide: TruncationSide;
  readonly cutter: Cutter;
}

export class BatchEncoder {
  readonly #parts: EncoderParts;

  constructor(parts: EncoderParts) {
    this.#parts = parts;
  }

  /**
   * Encodes inputs, which are checked on the way; throws ERR_INVALID_ARG, ERR_MAX_LENGTH, ERR_TOKENIZER_INVALID.
   *
   * @param indexed whether messages name the index of an input
   */
  async encode(operation: string, inputs: readonly unknown[], options: ResolvedEncodeOptions, indexed: boolean): Promise<Encoding[]> {
    const slice = new TimeSlice();
    const pieces = this.#pieces(operation, inputs, indexed);
    const calls: Call[] = [];
    const encodings: Encoding[] = [];
    let done: TokensOfPiece[] = [];
    let texts: TokensOfText[] = [];
    for (;;) {
      while (calls.length <= AHEAD) {
        const call = this.#call(operation, pieces);
        if (!call) break;
        calls.push(call);
        if (slice.over()) await slice.next();
      }
      const call = calls.shift();
      if (!call) return encodings;
      const results = await call.encodings;
      slice.restart();
      for (const [i, result] of results.entries()) {
        const piece = call.pieces[i] as Piece;
        done.push({ tokens: readTokens(result, piece.text, options.wanted), start: piece.start });
        if (piece.endsText) {
          texts.push(done.length === 1 ? (done[0] as TokensOfPiece).tokens : await joinPieces(done, options.wanted, slice));
          done = [];
        }
        if (piece.endsInput) {
          encodings.push(await this.#finish(texts, options, { operation, index: indexed ? piece.input : undefined }, slice));
          texts = [];
        }
        if (slice.over()) await slice.next();
      }
    }
  }

  *#pieces(operation: string, inputs: readonly unknown[], indexed: boolean): Generator<Piece, undefined> {
    for (let input = 0; input < inputs.length; input++) {
      const texts = checkInput(operation, inputs[input], indexed ? input : undefined);
      for (const [which, text] of texts.entries()) {
        const starts = this.#parts.cutter(text);
        for (const [piece, start] of starts.entries()) {
          const endsText = piece === starts.length - 1;
          yield {
            text: starts.length === 1 ? text : text.slice(start, starts[piece + 1]),
            start,
            input,
            endsText,
            endsInput: endsText && which === texts.length - 1,
          };
        }
      }
    }
    return undefined;
  }

  /** Hands the next pieces to the library; undefined when there are none. */
  #call(operation: string, source: Generator<Piece, undefined>): Call | undefined {
    const pieces: Piece[] = [];
    for (let units = 0; pieces.length < CALL_TEXTS && units < CALL_UNITS; ) {
      const { value } = source.next();
      if (!value) break;
      pieces.push(value);
      units += value.text.length;
    }
    if (pieces.length === 0) return undefined;
    const texts = pieces.map(({ text }) => text);
    const encodings = coded(operation, this.#parts.library.encodeBatch(texts, { addSpecialTokens: false }));
    encodings.catch(() => undefined); // awaited in its turn; until then a failure is not unhandled
    return { pieces, encodings };
  }

  /** The encoding of one input: all of it, cut, or in windows. */
  async #finish(texts: readonly TokensOfText[], options: ResolvedEncodeOptions, place: Place, slice: TimeSlice): Promise<Encoding> {
    const { template, truncationSide } = this.#parts;
    const layouts = options.addSpecialTokens ? template.special : template.plain;
    const layout = texts.length === 1 ? layouts.single : layouts.pair;
    const { windows, truncated } = fit(texts.map(({ ids }) => ids.length), layout.specials, options, truncationSide, place);
    const [first, ...further] = windows;
    const encoding = assemble(layout, texts, first as readonly Span[], truncated, options.wanted);
    if (!options.overflow) return encoding;
    const overflow: Encoding[] = [];
    for (const spans of further) {
      overflow.push(assemble(layout, texts, spans, 0, options.wanted));
      if (slice.over()) await slice.next();
    }
    return { ...encoding, overflow };
  }
}

/** The library's own failures, as of a vocabulary without its unknown token, with a code. */
export async function coded<T>(operation: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const message = `${operation}: the tokenizer failed: ${(error as Error).message}`;
    throw new TorchwrightError("ERR_TOKENIZER_INVALID", message, { cause: error });
  }
}
