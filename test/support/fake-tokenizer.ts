/**
 * A tokenizer for tests of what stands behind it: a text is a number, its ids are that number, 1 to 3 times or as
 * `lengthOf` says.
 */
import type { EncodeOptions, Encoding, TextInput, Tokenizer } from "../../lib/text/tokenizer";

export class FakeTokenizer implements Tokenizer {
  readonly padTokenId = 99;
  readonly vocabSize = 100_000;
  readonly maxLength: number;
  readonly calls: { readonly texts: readonly TextInput[]; readonly maxLength: number | undefined }[] = [];
  /** Calls that have not ended. */
  running = 0;
  failAtCall = Infinity;
  readonly #lengthOf: (text: number) => number;

  constructor({ maxLength = 8, lengthOf = (text: number): number => 1 + (text % 3) } = {}) {
    this.maxLength = maxLength;
    this.#lengthOf = lengthOf;
  }

  async encode(text: string, _pair?: string, options: EncodeOptions = {}): Promise<Encoding> {
    const { maxLength = this.maxLength, overflow = false, stride = 0 } = options;
    const total = this.#lengthOf(Number(text));
    const piece = (length: number, truncated = 0): Encoding => ({
      ids: new Int32Array(length).fill(Number(text)),
      typeIds: new Uint8Array(length),
      truncated,
    });
    if (total <= maxLength) return { ...piece(total), ...(overflow ? { overflow: [] } : {}) };
    if (!overflow) return piece(maxLength, total - maxLength);
    const further: Encoding[] = [];
    for (let end = maxLength; end < total; end += maxLength - stride) {
      further.push(piece(Math.min(maxLength, total - end + stride)));
    }
    return { ...piece(maxLength), overflow: further };
  }

  async encodeBatch(texts: readonly TextInput[], options?: EncodeOptions): Promise<Encoding[]> {
    this.calls.push({ texts, maxLength: options?.maxLength });
    if (this.calls.length >= this.failAtCall) throw new Error("tokenizer failed");
    this.running++;
    try {
      await new Promise((resolve) => setImmediate(resolve));
      return await Promise.all(texts.map((text) => this.encode(String(text), undefined, options)));
    } finally {
      this.running--;
    }
  }

  decode(): Promise<string> {
    throw new Error("not used");
  }

  save(): Promise<void> {
    throw new Error("not used");
  }
}
