/** Learning from a teacher's answers beside the labels. */
import { describe, TorchwrightError } from "../../errors";
import { noGrad } from "../../autograd/grad-mode";
import { F } from "../../functional/functional";
import { predicting } from "../../models/exclusive";
import type { ModelInputs, TextClassifier } from "../../models/model";
import type { Tensor } from "../../tensor/tensor";
import type { Precision } from "../options";
import { type BatchRows, poolWindows } from "../pool-windows";
import { forwardIn } from "../precision";
import type { BatchLoss } from "./objective";

/** Whom the model learns from, and how much. */
export interface DistillationOptions {
  /** A trained model over the same labels; it moves to the student's device and is asked with dropout off. */
  readonly teacher: TextClassifier;
  /** What both models' logits are divided by, so that the teacher's lesser choices show; above 0. Default 2. */
  readonly temperature?: number;
  /** Weight of the loss of the labels; the teacher's is 1 − alpha. From 0 to 1. Default 0.5. */
  readonly alpha?: number;
}

export interface Question {
  readonly inputs: ModelInputs;
  /** The batch, which knows the documents of its windows. */
  readonly windows: BatchRows;
  readonly precision: Precision;
}

/**
 * alpha · loss + (1 − alpha) · T² · KL(teacher ‖ student), both at temperature T; of a multi-label problem the
 * divergence of each class's own probability, averaged over classes; of a regression the squared difference.
 *
 * Source: Hinton, Vinyals & Dean, *Distilling the Knowledge in a Neural Network*, 2015.
 */
export async function distill(
  { teacher, temperature = 2, alpha = 0.5 }: DistillationOptions,
  { batch, loss }: BatchLoss,
  { inputs, windows, precision }: Question,
): Promise<Tensor> {
  const answer = await noGrad(
    async () => poolWindows((await forwardIn(precision, teacher, inputs)).logits, windows).logits,
  ); // [B, classes]
  const from = lesson(teacher, batch.logits, answer, temperature);
  return loss.mul(alpha).add(from.mul(1 - alpha));
}

function lesson(
  { problemType = "single-label" }: TextClassifier,
  student: Tensor,
  teacher: Tensor,
  temperature: number,
): Tensor {
  if (problemType === "regression") return F.mseLoss(student, teacher);
  const [own, taught] = [student.div(temperature), teacher.div(temperature)];
  if (problemType === "single-label") {
    const divergence = F.klDiv(F.logSoftmax(own, -1), F.logSoftmax(taught, -1), { reduction: "sum", logTarget: true });
    return divergence.mul((temperature * temperature) / (own.shape[0] as number));
  }
  const target = taught.sigmoid();
  const crossEntropy = F.binaryCrossEntropyWithLogits(own, target);
  const entropy = F.binaryCrossEntropyWithLogits(taught, target);
  return crossEntropy.sub(entropy).mul(temperature * temperature);
}

/**
 * Runs `work` while the teacher, where there is one, is on the device and in evaluation mode, which nobody may change
 * meanwhile.
 */
export async function besideTeacher<T>(
  { distillation }: { readonly distillation?: DistillationOptions },
  device: string,
  work: () => Promise<T>,
): Promise<T> {
  const teacher = distillation?.teacher;
  if (!teacher) return work();
  return predicting(teacher, "fit", async () => {
    await teacher.to(device);
    return work();
  });
}

/** Checks the option against the student; throws ERR_INVALID_ARG. */
export function checkDistillation(student: TextClassifier, options: DistillationOptions): void {
  const invalid = (expected: string, got: unknown): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `Trainer: expected distillation.${expected}, got ${describe(got)}`);
  const { teacher, temperature = 2, alpha = 0.5 } = options;
  if (typeof (teacher as Partial<TextClassifier> | undefined)?.forward !== "function") {
    throw invalid("teacher to be a model", teacher);
  }
  if (typeof temperature !== "number" || !(temperature > 0 && temperature < Infinity)) {
    throw invalid("temperature to be a number above 0", temperature);
  }
  if (typeof alpha !== "number" || !(alpha >= 0 && alpha <= 1)) throw invalid("alpha to be a number in [0, 1]", alpha);
  if ((teacher.core ?? teacher) === (student.core ?? student)) {
    throw new TorchwrightError("ERR_INVALID_ARG", "Trainer: expected a teacher beside the model, got the model itself");
  }
  const [taught, own] = [teacher, student].map(
    ({ problemType = "single-label", labels }) => `${problemType} over ${labels.join(", ")}`,
  );
  if (taught !== own) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected a teacher for the student's problem, ${own}, got one for ${taught}`,
    );
  }
}
