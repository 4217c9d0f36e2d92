/** One call that the fuzzer makes. */
import { inspect } from "node:util";
import { Tensor } from "../../lib/tensor/tensor";

export interface Call {
  readonly what: string;
  readonly args: readonly unknown[];
  /** Makes the call; all that it gives back may be used and is freed by the scope around. */
  run(): unknown;
}

/** The call as text, for the report. Never fails. */
export function describeCall({ what, args }: Call): string {
  return `${what}(${args.map(describeValue).join(", ")})`;
}

function describeValue(value: unknown): string {
  try {
    if (value instanceof Tensor) {
      return value.disposed ? "a disposed tensor" : `${value.dtype}[${value.shape.join(", ")}] on ${value.device}`;
    }
    if (Array.isArray(value)) {
      return value.length > 20 ? `array of ${value.length}` : `[${Array.from(value, describeValue).join(", ")}]`;
    }
    const text = inspect(value, { depth: 3, breakLength: Infinity, maxStringLength: 60, showProxy: true });
    return text.length > 300 ? `${text.slice(0, 300)}…` : text;
  } catch {
    return "something that cannot be shown";
  }
}
