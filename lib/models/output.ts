/** What somebody's own module gave, as a classifier's output. */
import { describe, TorchwrightError } from "../errors";
import { Tensor } from "../tensor/tensor";
import { ClassifierOutput, type ModelProblem } from "./model";
import { problemLoss } from "./problem";

/** The batch's labels, where it has any, and whether the module was given them. */
interface Target {
  readonly labels: Tensor | undefined;
  readonly given: boolean;
}

/**
 * Logits, and of a batch with labels the loss: the module's own where it was given the labels and has one, else the
 * problem's.
 *
 * @throws TorchwrightError ERR_OUTPUT_NOT_UNDERSTOOD, ERR_LABEL_COUNT
 */
export function classifierOutput(
  output: unknown,
  model: { readonly labels: readonly string[]; readonly problemType: ModelProblem },
  target: Target,
): ClassifierOutput {
  const { logits, loss } = understandOutput(output, target.given);
  const classes = logits.shape[1];
  if (classes !== model.labels.length) {
    throw new TorchwrightError(
      "ERR_LABEL_COUNT",
      `forward: the module gives ${classes} classes, ${model.labels.length} labels were given`,
    );
  }
  return new ClassifierOutput(logits, loss ?? (target.labels && problemLoss(model.problemType, logits, target.labels)));
}

/** Finds logits `[batch, classes]`, and a scalar loss before them. Throws ERR_OUTPUT_NOT_UNDERSTOOD. */
function understandOutput(output: unknown, hadLabels: boolean): { logits: Tensor; loss: Tensor | undefined } {
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
