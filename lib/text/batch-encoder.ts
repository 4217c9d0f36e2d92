/** Runs texts through the library and makes encodings of what comes back, off and on the JavaScript thread in turns. */
import { pieceStarts } from "./cut-text";
import type { ResolvedEncodeOptions, Wanted } from "./encode-options";
import { fit, type Place } from "./fit";
import type { LibraryTokenizer } from "./huggingface";
import { type LibraryCall, TextCall } from "./library-call";
import { isLocal, separatorOf } from "./local-pipeline";
import { assemble, type Template } from "./template";
import { checkInput } from "./text-input";
import { inSlices, TimeSlice } from "./time-slice";
import type { Encoding } from "./tokenizer";
import { joinPieces, type TokensOfPiece, type TokensOfText } from "./tokens-of-text";
import type { Span, TruncationSide } from "./truncate";
import type { JsonObject } from "./tokenizer-files";
import { WordCall, type WordCallParts } from "./word-call";
import { WordMemo } from "./word-memo";

/** Calls that the library works on while the results of one are read. */
const AHEAD = 2;

/** Where the pieces begin of a text that is not cut. */
const WHOLE: readonly number[] = [0];

/** A text of an input, or a piece of one. */
interface Piece {
  readonly text: string;
  readonly start: number;
  readonly input: number;
  readonly endsText: boolean;
  readonly endsInput: boolean;
}

interface Begun {
  readonly pieces: readonly Piece[];
  readonly call: LibraryCall;
  /** Undefined where nothing is to be waited for. */
  readonly done: Promise<void> | undefined;
}

export interface EncoderParts {
  readonly library: LibraryTokenizer;
  readonly template: Template;
  readonly truncationSide: TruncationSide;
  /** tokenizer.json. */
  readonly document: JsonObject;
}

export class BatchEncoder {
  readonly #parts: EncoderParts;
  /** Undefined where a text need not have the tokens of its words. */
  readonly #words: WordCallParts | undefined;

  constructor(parts: EncoderParts) {
    this.#parts = parts;
    const { library, document } = parts;
    if (!isLocal(document)) return;
    const content = separatorOf(document);
    const id = content === undefined ? null : library.tokenToId(content); // the library's, whatever id the document names
    const separator = content === undefined || id === null ? undefined : { content, id };
    this.#words = { library, memo: new WordMemo(), separator };
  }

  /**
   * Encodes inputs, which are checked on the way; throws ERR_INVALID_ARG, ERR_MAX_LENGTH, ERR_TOKENIZER_INVALID.
   *
   * @param indexed whether messages name the index of an input
   */
  async encode(
    operation: string,
    inputs: readonly unknown[],
    options: ResolvedEncodeOptions,
    indexed: boolean,
  ): Promise<Encoding[]> {
    const slice = new TimeSlice();
    const pieces = this.#pieces(operation, inputs, indexed);
    const begun: Begun[] = [];
    const encodings: Encoding[] = [];
    let done: TokensOfPiece[] = [];
    let texts: TokensOfText[] = [];
    for (;;) {
      while (begun.length <= AHEAD) {
        const next = this.#begin(operation, pieces, options.wanted);
        if (!next) break;
        begun.push(next);
        if (slice.over()) await slice.next();
      }
      const current = begun.shift();
      if (!current) return encodings;
      if (current.done) {
        await current.done;
        slice.restart();
      }
      for (let i = 0; i < current.pieces.length; i++) {
        const piece = current.pieces[i] as Piece;
        done.push({ tokens: current.call.tokensOf(i), start: piece.start });
        if (piece.endsText) {
          texts.push(
            done.length === 1 ? (done[0] as TokensOfPiece).tokens : await joinPieces(done, options.wanted, slice),
          );
          done = [];
        }
        if (piece.endsInput) {
          const encoding = this.#finish(texts, options, { operation, index: indexed ? piece.input : undefined }, slice);
          encodings.push(encoding instanceof Promise ? await encoding : encoding);
          texts = [];
        }
        if (slice.over()) await slice.next();
      }
    }
  }

  *#pieces(operation: string, inputs: readonly unknown[], indexed: boolean): Generator<Piece, undefined> {
    for (let input = 0; input < inputs.length; input++) {
      const [first, second] = checkInput(operation, inputs[input], indexed ? input : undefined);
      yield* this.#cut(first, input, second === undefined);
      if (second !== undefined) yield* this.#cut(second, input, true);
    }
    return undefined;
  }

  *#cut(text: string, input: number, lastText: boolean): Generator<Piece> {
    const starts = this.#words ? pieceStarts(text) : WHOLE;
    const last = starts.length - 1;
    for (let at = 0; at < last; at++) {
      yield {
        text: text.slice(starts[at], starts[at + 1]),
        start: starts[at] as number,
        input,
        endsText: false,
        endsInput: false,
      };
    }
    const start = starts[last] as number;
    yield { text: start === 0 ? text : text.slice(start), start, input, endsText: true, endsInput: lastText };
  }

  /** Hands the next pieces to the library; undefined when there are none. */
  #begin(operation: string, source: Generator<Piece, undefined>, wanted: Wanted): Begun | undefined {
    const idsOnly = !wanted.offsets && !wanted.wordIds && !wanted.tokens;
    const call = this.#words && idsOnly ? new WordCall(this.#words) : new TextCall(this.#parts.library, wanted);
    const pieces: Piece[] = [];
    while (!call.full) {
      const { value } = source.next();
      if (!value) break;
      pieces.push(value);
      call.add(value.text);
    }
    if (pieces.length === 0) return undefined;
    const done = call.start(operation);
    done?.catch(() => undefined); // awaited in its turn; until then a failure is not unhandled
    return { pieces, call, done };
  }

  /** The encoding of one input: all of it, or cut, or the first of its windows with the rest. */
  #finish(
    texts: readonly TokensOfText[],
    options: ResolvedEncodeOptions,
    place: Place,
    slice: TimeSlice,
  ): Encoding | Promise<Encoding> {
    const { template, truncationSide } = this.#parts;
    const layouts = options.addSpecialTokens ? template.special : template.plain;
    const layout = texts.length === 1 ? layouts.single : layouts.pair;
    const { windows, truncated } = fit(
      texts.map(({ ids }) => ids.length),
      layout.specials,
      options,
      truncationSide,
      place,
    );
    const make = (spans: Spans, lost: number): Encoding | Promise<Encoding> =>
      inSlices(assemble(layout, texts, spans, lost, options.wanted), slice);
    const first = make(windows[0] as Spans, truncated);
    return options.overflow ? withOverflow(first, windows, make, slice) : first;
  }
}

type Spans = readonly Span[];

async function withOverflow(
  first: Encoding | Promise<Encoding>,
  windows: readonly Spans[],
  make: (spans: Spans, lost: number) => Encoding | Promise<Encoding>,
  slice: TimeSlice,
): Promise<Encoding> {
  const overflow: Encoding[] = [];
  for (const spans of windows.slice(1)) {
    const encoding = make(spans, 0);
    overflow.push(encoding instanceof Promise ? await encoding : encoding);
    if (slice.over()) await slice.next();
  }
  return { ...(await first), overflow };
}
