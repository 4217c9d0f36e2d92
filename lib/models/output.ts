/** Finds logits and loss in whatever a classifier's forward gave. */
import { describe, TorchwrightError } from "../errors";
import { Tensor } from "../tensor/tensor";

/**
 * Finds logits `[batch, classes]`, and a scalar loss before them, in what a module gave.
 *
 * @throws TorchwrightError ERR_OUTPUT_NOT_UNDERSTOOD
 */
export function understandOutput(output: unknown, hadLabels: boolean): { logits: Tensor; loss: Tensor | undefined } {
  if (output instanceof Tensor) {
    if (output.shape.length === 2) return { logits: output, loss: undefined };
  } else if (Array.isArray(output)) {
    const items = output as readonly unknown[];
    const at = items.findIndex((item) => item instanceof Tensor && item.shape.length === 2);
    const logits = items[at];
    const before = items.slice(0, Math.max(at, 0)).find((item) => item instanceof Tensor && item.shape.length === 0);
    if (logits instanceof Tensor) return { logits, loss: hadLabels && before instanceof Tensor ? before : undefined };
  } else if (typeof output === "object" && output !== null) {
    const { logits, loss } = output as { readonly [key: string]: unknown };
    if (logits instanceof Tensor && logits.shape.length === 2) {
      return { logits, loss: hadLabels && loss instanceof Tensor ? loss : undefined };
    }
  }
  throw new TorchwrightError(
    "ERR_OUTPUT_NOT_UNDERSTOOD",
    `forward: expected logits [batch, classes], alone, in a tuple or as "logits" of a dictionary, got ${outline(output)}`,
  );
}

function outline(output: unknown): string {
  if (output instanceof Tensor) return `a tensor [${output.shape.join(", ")}]`;
  if (Array.isArray(output)) return `a tuple of (${(output as readonly unknown[]).map(outline).join(", ")})`;
  if (typeof output === "object" && output !== null) return `a dictionary of ${Object.keys(output).join(", ")}`;
  return describe(output);
}
