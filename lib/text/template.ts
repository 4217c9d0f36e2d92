/** What a tokenizer's post-processor puts around texts, whatever kind it is: learned from examples, applied to plain arrays. */
import type { Wanted } from "./encode-options";
import type { LibraryTokenizer } from "./huggingface";
import type { Encoding } from "./tokenizer";
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
    const layout = (texts: 1 | 2, addSpecialTokens: boolean): Promise<Layout> => readLayout(library, sample, length, texts, addSpecialTokens);
    return {
      special: { single: await layout(1, true), pair: await layout(2, true) },
      plain: { single: await layout(1, false), pair: await layout(2, false) },
    };
  }
  throw new Error(`it makes no tokens of any of ${SAMPLES.join(" ")}`);
}

async function readLayout(library: LibraryTokenizer, sample: string, length: number, texts: 1 | 2, addSpecialTokens: boolean): Promise<Layout> {
  const encoding = await library.encode(sample, texts === 2 ? sample : null, { addSpecialTokens });
  const sequences = encoding.getSequenceIds();
  const [ids, typeIds, tokens] = [encoding.getIds(), encoding.getTypeIds(), encoding.getTokens()];
  const segments: Segment[] = [];
  for (let at = 0; at < sequences.length; ) {
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

/** One encoding: the layout with the given span of each text in its place. */
export function assemble(layout: Layout, texts: readonly TokensOfText[], spans: readonly Span[], truncated: number, wanted: Wanted): Encoding {
  let length = layout.specials;
  for (const { start, stop } of spans) length += stop - start;
  const ids = new Int32Array(length);
  const typeIds = new Uint8Array(length);
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
      at++;
    }
  }
  const encoding = { ids, typeIds, truncated };
  return Object.values(wanted).includes(true) ? { ...encoding, ...describeTokens(layout, texts, spans, wanted) } : encoding;
}

/** The lists beside ids and types that are wanted. */
function describeTokens(layout: Layout, texts: readonly TokensOfText[], spans: readonly Span[], wanted: Wanted): Partial<Encoding> {
  // `concat`, as it copies a million tokens at once.
  const list = <T>(ofText: (text: TokensOfText, span: Span, which: 0 | 1) => readonly T[], ofSpecial: (token: string) => T): T[] =>
    ([] as T[]).concat(
      ...layout.segments.map((segment) =>
        "text" in segment
          ? ofText(texts[segment.text] as TokensOfText, spans[segment.text] as Span, segment.text)
          : [ofSpecial(segment.token)],
      ),
    );
  const part = <T>(values: readonly T[] = [], { start, stop }: Span): readonly T[] =>
    start === 0 && stop === values.length ? values : values.slice(start, stop);
  const each = <T>({ start, stop }: Span, value: T): T[] => new Array<T>(stop - start).fill(value);
  return {
    ...(wanted.offsets && { offsets: list<readonly [number, number]>((text, span) => part(text.offsets, span), () => [0, 0]) }),
    ...(wanted.wordIds && { wordIds: list<number | null>((text, span) => part(text.wordIds, span), () => null) }),
    ...(wanted.sequenceIds && { sequenceIds: list<0 | 1 | null>((_, span, which) => each(span, which), () => null) }),
    ...(wanted.specialTokensMask && { specialTokensMask: Uint8Array.from(list((_, span) => each(span, 0), () => 1)) }),
    ...(wanted.tokens && { tokens: list((text, span) => part(text.tokens, span), (token) => token) }),
  };
}
