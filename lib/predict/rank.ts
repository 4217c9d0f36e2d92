/** Names the most probable classes of one row of probabilities. */

export interface LabelProbability {
  /** The class. */
  readonly label: string;
  /** In [0, 1]; of a single-label problem they sum to 1 over all labels of a text. */
  readonly probability: number;
}

/** The `topK` most probable labels, most probable first; equal ones in the order of `labels`. */
export function rank(probabilities: ArrayLike<number>, labels: readonly string[], topK: number): LabelProbability[] {
  return Array.from(probabilities, (probability, id) => ({ label: labels[id] ?? String(id), probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, topK);
}
