/** BERT's forward pass with gradient checkpointing: layer by layer, each computed again in backward instead of kept. */
import type { ScriptModule } from "../jit/script-module";
import type { Tensor } from "../tensor/tensor";

/** Forward's tensors in the order of the TorchScript source. */
export type BertArguments = readonly [
  inputIds: Tensor | undefined,
  attentionMask: Tensor | undefined,
  tokenTypeIds: Tensor | undefined,
  positionIds: Tensor | undefined,
  inputsEmbeds: Tensor | undefined,
];

/**
 * Logits `[batch, classes]`. Dropout draws in the order of the plain forward pass, so that under one seed both give the
 * same, gradients too.
 *
 * Source: Chen et al., *Training Deep Nets with Sublinear Memory Cost*, 2016; the layers' ends are kept, as in Hugging
 * Face's `gradient_checkpointing_enable`.
 */
export async function checkpointedLogits(
  module: ScriptModule,
  layers: number,
  [inputIds, attentionMask, ...others]: BertArguments,
): Promise<Tensor> {
  using bert = module.submodule("bert");
  using embeddings = bert.submodule("embeddings");
  let hidden = (await embeddings.forward([inputIds, ...others])) as Tensor; // [B, T, H]
  const mask = (await bert.call("mask", [attentionMask])) as Tensor | undefined; // [B, 1, 1, T]
  for (let i = 0; i < layers; i++) {
    using layer = bert.submodule(`encoder.layer.${i}`);
    hidden = (await layer.checkpoint([hidden, mask])) as Tensor; // [B, T, H]
  }
  return (await module.call("head", [hidden])) as Tensor;
}
