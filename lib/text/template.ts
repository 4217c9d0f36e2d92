/**
 * What a tokenizer's post-processor puts around texts, whatever kind it is: learned from examples, applied to plain
 * arrays.
 */
import type { Wanted } from "./encode-options";
import type { LibraryTokenizer } from "./huggingface";
import type { Encoding } from "./tokenizer";
import type { Steps } from "./time-slice";
import type { TokensOfText } from "./tokens-of-text";
import type { Span } from "./truncate";

/** A special token, or the place of the first or second text. */
type Segment =
  | { readonly text: 0 | 1; readonly typeId: number }
  | { readonly id: number; readonly token: string; readonly typeId: number };

/** The segments of an encoding in their order, and how many of them are special tokens. */
export interface Layout {
  readonly segments: readonly Segment[];
  readonly specials: number;
}

/** Layouts by how many texts there are and whether special tokens are wanted. */
export interface Template {
  readonly special: { readonly single: Layout; readonly pair: Layout };
  readonly plain: { readonly single: Layout; readonly pair: Layout };
}

/** Texts of which one makes tokens in any vocabulary that is of use. */
const SAMPLES = ["a", "A", "1", ".", "。", "я"];

/** Learns a template from encodings of samples; throws the library's error, or one that says what is not supported. */
export async function readTemplate(library: LibraryTokenizer): Promise<Template> {
  for (const sample of SAMPLES) {
    const length = (await library.encode(sample, null, { addSpecialTokens: false })).getLength();
    if (length === 0) continue;
    const layout = (texts: 1 | 2, addSpecialTokens: boolean): Promise<Layout> =>
      readLayout(library, sample, length, texts, addSpecialTokens);
    return {
      special: { single: await layout(1, true), pair: await layout(2, true) },
      plain: { single: await layout(1, false), pair: await layout(2, false) },
    };
  }
  throw new Error(`it makes no tokens of any of ${SAMPLES.join(" ")}`);
}

async function readLayout(
  library: LibraryTokenizer,
  sample: string,
  length: number,
  texts: 1 | 2,
  addSpecialTokens: boolean,
): Promise<Layout> {
  const encoding = await library.encode(sample, texts === 2 ? sample : null, { addSpecialTokens });
  const sequences = encoding.getSequenceIds();
  const [ids, typeIds, tokens] = [encoding.getIds(), encoding.getTypeIds(), encoding.getTokens()];
  const segments: Segment[] = [];
  for (let at = 0; at < sequences.length;) {
    const text = sequences[at];
    const typeId = typeIds[at] ?? 0;
    if (text === 0 || text === 1) {
      segments.push({ text, typeId });
      at += length;
    } else {
      segments.push({ id: ids[at] as number, token: tokens[at] as string, typeId });
      at++;
    }
  }
  const order = segments.flatMap((segment) => ("text" in segment ? [segment.text] : []));
  const runs = segments.reduce((sum, segment) => sum + ("text" in segment ? length : 1), 0);
  // `$A $A`, or a pair of which one text is left out: no model of the family has that.
  if (runs !== sequences.length || new Set(order).size !== texts || order.length !== texts) {
    throw new Error(`its post_processor does not put ${texts === 1 ? "a text" : "each of two texts"} in one place`);
  }
  return { segments, specials: segments.length - texts };
}

/** Tokens described before others may have their turn. */
const BLOCK = 8192;

/**
 * One encoding: the layout with the given span of each text in its place. It gives way while it describes very many
 * tokens.
 */
export function* assemble(
  layout: Layout,
  texts: readonly TokensOfText[],
  spans: readonly Span[],
  truncated: number,
  wanted: Wanted,
): Steps<Encoding> {
  let length = layout.specials;
  for (const { start, stop } of spans) length += stop - start;
  const ids = new Int32Array(length);
  const typeIds = new Uint8Array(length);
  const specialTokensMask = new Uint8Array(wanted.specialTokensMask ? length : 0);
  let at = 0;
  for (const segment of layout.segments) {
    if ("text" in segment) {
      const own = (texts[segment.text] as TokensOfText).ids;
      const { start, stop } = spans[segment.text] as Span;
      ids.set(stop - start === own.length ? own : own.slice(start, stop), at);
      if (segment.typeId !== 0) typeIds.fill(segment.typeId, at, at + stop - start);
      at += stop - start;
    } else {
      ids[at] = segment.id;
      typeIds[at] = segment.typeId;
      specialTokensMask[at] = 1;
      at++;
    }
  }

  function* list<T>(
    ofToken: (text: TokensOfText, index: number, which: 0 | 1) => T | undefined,
    ofSpecial: (token: string) => T,
  ): Steps<T[]> {
    const values = new Array<T>(length); // whole from the start: a list of a million that grows is copied in one go
    if (length > BLOCK) yield;
    let done = 0;
    for (const segment of layout.segments) {
      if ("text" in segment) {
        const { start, stop } = spans[segment.text] as Span;
        for (let index = start; index < stop; index++) {
          values[done++] = ofToken(texts[segment.text] as TokensOfText, index, segment.text) as T;
          if (done % BLOCK === 0) yield;
        }
      } else {
        values[done++] = ofSpecial(segment.token);
      }
    }
    return values;
  }
  return {
    ids,
    typeIds,
    truncated,
    ...(wanted.offsets && {
      offsets: yield* list<readonly [number, number]>(
        (text, index) => text.offsets?.[index],
        () => [0, 0],
      ),
    }),
    ...(wanted.wordIds && {
      wordIds: yield* list<number | null>(
        (text, index) => text.wordIds?.[index],
        () => null,
      ),
    }),
    ...(wanted.sequenceIds && {
      sequenceIds: yield* list<0 | 1 | null>(
        (_text, _index, which) => which,
        () => null,
      ),
    }),
    ...(wanted.specialTokensMask && { specialTokensMask }),
    ...(wanted.tokens && {
      tokens: yield* list(
        (text, index) => text.tokens?.[index],
        (token) => token,
      ),
    }),
  };
}
