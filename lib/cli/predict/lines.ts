/** Lines of a stream as they come: a line that is there never waits for the next. */
import { StringDecoder } from "node:string_decoder";
import { TorchwrightError } from "../../errors";

/** Bytes of a line beyond which it is a mistake: something that has no lines would fill the memory. */
const LONGEST = 16 * 1024 * 1024;

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** U+FEFF, which some programs begin UTF-8 with. */
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Lines of UTF-8 between line feeds, without carriage returns before them and without a byte order mark. (Node's
 * `readline` also breaks at U+2028, which texts have inside.)
 * @throws ERR_BAD_ROW for a line of more than 16 MiB
 */
export async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Line, void, void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let number = 0;
  for await (const chunk of stream) {
    const parts = (typeof chunk === "string" ? chunk : decoder.write(chunk)).split("\n");
    parts[0] = rest + (parts[0] as string);
    if (number === 0 && parts[0].startsWith(BYTE_ORDER_MARK)) parts[0] = parts[0].slice(1);
    rest = parts.pop() as string;
    if (rest.length > LONGEST) {
      throw new TorchwrightError(
        "ERR_BAD_ROW",
        `predict: expected lines of at most ${LONGEST} characters, got a longer one in line ${number + 1}`,
      );
    }
    for (const part of parts) yield { text: part.replace(/\r$/, ""), number: ++number };
  }
  rest += decoder.end();
  if (rest !== "") yield { text: rest.replace(/\r$/, ""), number: number + 1 };
}
