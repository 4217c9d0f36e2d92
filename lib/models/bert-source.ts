/**
 * BERT as TorchScript source, one class per part, with parameters under Hugging Face's names. Every part can
 * be called on its own (`ScriptModule.submodule`): embeddings, each layer, pooler and head.
 *
 * Source: `modeling_bert.py` of Hugging Face's transformers, attention "sdpa". Dropouts stand in the same order, so
 * that under one seed both draw the same masks.
 */
import type { ModuleSpec } from "../native/requests";
import type { Handle } from "../native/values";
import type { BertConfig } from "./bert-config";
import { ACTIVATIONS } from "./bert-config";
import type { ModelProblem } from "./model";
import { PROBLEM_LOSS_SOURCE } from "./problem";

const LINEAR = `
def forward(self, x: Tensor) -> Tensor:
    return torch.linear(x, self.weight, self.bias)
`;

const EMBEDDING = `
def forward(self, ids: Tensor) -> Tensor:
    return torch.embedding(self.weight, ids, self.padding_idx)
`;

const LAYER_NORM = `
def forward(self, x: Tensor) -> Tensor:
    return torch.layer_norm(x, [self.size], self.weight, self.bias, self.eps)
`;

// ids [B, T] → hidden [B, T, H]
const EMBEDDINGS = `
def forward(self, input_ids: Optional[Tensor], token_type_ids: Optional[Tensor] = None, position_ids: Optional[Tensor] = None, inputs_embeds: Optional[Tensor] = None) -> Tensor:
    if inputs_embeds is None:
        assert input_ids is not None, "expected input_ids or inputs_embeds"
        words = self.word_embeddings.forward(input_ids)
    else:
        words = inputs_embeds
    length = words.size(1)
    if position_ids is None:
        positions = torch.arange(length, dtype=4, device=words.device).unsqueeze(0)
    else:
        positions = position_ids
    if token_type_ids is None:
        types = torch.zeros([words.size(0), length], dtype=4, device=words.device)
    else:
        types = token_type_ids
    x = words + self.token_type_embeddings.forward(types)
    x = x + self.position_embeddings.forward(positions)
    return torch.dropout(self.LayerNorm.forward(x), self.dropout_p, self.training)
`;

// hidden [B, T, H], mask bool [B, 1, 1, T] → [B, T, H]
const SELF_ATTENTION = `
def forward(self, hidden: Tensor, mask: Optional[Tensor]) -> Tensor:
    shape = [hidden.size(0), hidden.size(1), self.heads, self.head_size]
    q = self.query.forward(hidden).view(shape).transpose(1, 2)
    k = self.key.forward(hidden).view(shape).transpose(1, 2)
    v = self.value.forward(hidden).view(shape).transpose(1, 2)
    p = self.dropout_p if self.training else 0.0
    context = torch.scaled_dot_product_attention(q, k, v, mask, p)
    return context.transpose(1, 2).reshape([hidden.size(0), hidden.size(1), self.heads * self.head_size])
`;

const RESIDUAL = `
def forward(self, x: Tensor, residual: Tensor) -> Tensor:
    x = torch.dropout(self.dense.forward(x), self.dropout_p, self.training)
    return self.LayerNorm.forward(x + residual)
`;

const ATTENTION = `
def forward(self, hidden: Tensor, mask: Optional[Tensor]) -> Tensor:
    return self.output.forward(self.self.forward(hidden, mask), hidden)
`;

const LAYER = `
def forward(self, hidden: Tensor, mask: Optional[Tensor] = None) -> Tensor:
    attended = self.attention.forward(hidden, mask)
    return self.output.forward(self.intermediate.forward(attended), attended)
`;

// hidden [B, T, H] → [B, H], of the first token
const POOLER = `
def forward(self, hidden: Tensor) -> Tensor:
    return torch.tanh(self.dense.forward(hidden.select(1, 0)))
`;

// On the CPU a mask without padding is dropped: the kernels are faster without one. On a GPU asking would synchronise.
const MODEL = `
def mask(self, attention_mask: Optional[Tensor]) -> Optional[Tensor]:
    result: Optional[Tensor] = None
    if attention_mask is not None:
        keep = attention_mask > 0
        if attention_mask.is_cuda or not bool(torch.all(keep)):
            result = keep.unsqueeze(1).unsqueeze(1)
    return result

def forward(self, input_ids: Optional[Tensor] = None, attention_mask: Optional[Tensor] = None, token_type_ids: Optional[Tensor] = None, position_ids: Optional[Tensor] = None, inputs_embeds: Optional[Tensor] = None) -> Tensor:
    hidden = self.embeddings.forward(input_ids, token_type_ids, position_ids, inputs_embeds)
    return self.encoder.forward(hidden, self.mask(attention_mask))
`;

const classification = (problem: ModelProblem): string => `
def head(self, hidden: Tensor) -> Tensor:
    pooled = torch.dropout(self.bert.pooler.forward(hidden), self.dropout_p, self.training)
    return self.classifier.forward(pooled)

def forward(self, input_ids: Optional[Tensor] = None, attention_mask: Optional[Tensor] = None, token_type_ids: Optional[Tensor] = None, position_ids: Optional[Tensor] = None, inputs_embeds: Optional[Tensor] = None, labels: Optional[Tensor] = None) -> Tuple[Optional[Tensor], Tensor]:
    logits = self.head(self.bert.forward(input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds))
    loss: Optional[Tensor] = None
    if labels is not None:
        loss = ${PROBLEM_LOSS_SOURCE[problem]}
    return loss, logits
`;

/** Shapes of all parameters by Hugging Face's names, in order. */
export function bertParameterShapes(config: BertConfig, classes: number): ReadonlyMap<string, readonly number[]> {
  const { hidden_size: hidden, intermediate_size: inner } = config;
  const shapes = new Map<string, readonly number[]>();
  const linear = (name: string, outputs: number, inputs: number): void => {
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  };
  const norm = (name: string): void => {
    shapes.set(`${name}.weight`, [hidden]).set(`${name}.bias`, [hidden]);
  };
  shapes.set("bert.embeddings.word_embeddings.weight", [config.vocab_size, hidden]);
  shapes.set("bert.embeddings.position_embeddings.weight", [config.max_position_embeddings, hidden]);
  shapes.set("bert.embeddings.token_type_embeddings.weight", [config.type_vocab_size, hidden]);
  norm("bert.embeddings.LayerNorm");
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `bert.encoder.layer.${i}`;
    for (const part of ["query", "key", "value"]) linear(`${layer}.attention.self.${part}`, hidden, hidden);
    linear(`${layer}.attention.output.dense`, hidden, hidden);
    norm(`${layer}.attention.output.LayerNorm`);
    linear(`${layer}.intermediate.dense`, inner, hidden);
    linear(`${layer}.output.dense`, hidden, inner);
    norm(`${layer}.output.LayerNorm`);
  }
  linear("bert.pooler.dense", hidden, hidden);
  linear("classifier", classes, hidden);
  return shapes;
}

/** The module's description; `handles` has every name of {@link bertParameterShapes}. */
export function bertModuleSpec(
  config: BertConfig,
  problem: ModelProblem,
  handles: ReadonlyMap<string, Handle>,
): ModuleSpec {
  const parameter = (name: string): Handle => {
    const handle = handles.get(name);
    if (handle === undefined) throw new RangeError(`no weights for ${name}`);
    return handle;
  };
  const leaf = (className: string, source: string, name: string, parts: readonly string[]): ModuleSpec => ({
    className,
    source,
    parameters: Object.fromEntries(parts.map((part) => [part, parameter(`${name}.${part}`)])),
  });
  const linear = (name: string): ModuleSpec => leaf("Linear", LINEAR, name, ["weight", "bias"]);
  const norm = (name: string): ModuleSpec => ({
    ...leaf("LayerNorm", LAYER_NORM, name, ["weight", "bias"]),
    attributes: { size: config.hidden_size, eps: config.layer_norm_eps },
    floats: ["eps"],
  });
  const embedding = (name: string, paddingIndex: number): ModuleSpec => ({
    ...leaf("Embedding", EMBEDDING, name, ["weight"]),
    attributes: { padding_idx: paddingIndex },
  });
  const dropout = (p: number): Pick<ModuleSpec, "attributes" | "floats"> => ({
    attributes: { dropout_p: p },
    floats: ["dropout_p"],
  });
  const residual = (name: string): ModuleSpec => ({
    className: "BertOutput",
    source: RESIDUAL,
    ...dropout(config.hidden_dropout_prob),
    modules: [
      ["dense", linear(`${name}.dense`)],
      ["LayerNorm", norm(`${name}.LayerNorm`)],
    ],
  });
  const layer = (name: string): ModuleSpec => ({
    className: "BertLayer",
    source: LAYER,
    modules: [
      [
        "attention",
        {
          className: "BertAttention",
          source: ATTENTION,
          modules: [
            [
              "self",
              {
                className: "BertSelfAttention",
                source: SELF_ATTENTION,
                attributes: {
                  heads: config.num_attention_heads,
                  head_size: config.hidden_size / config.num_attention_heads,
                  dropout_p: config.attention_probs_dropout_prob,
                },
                floats: ["dropout_p"],
                modules: ["query", "key", "value"].map(
                  (part) => [part, linear(`${name}.attention.self.${part}`)] as const,
                ),
              },
            ],
            ["output", residual(`${name}.attention.output`)],
          ],
        },
      ],
      [
        "intermediate",
        {
          className: "BertIntermediate",
          source: `\ndef forward(self, hidden: Tensor) -> Tensor:\n    x = self.dense.forward(hidden)\n    return ${ACTIVATIONS[config.hidden_act] ?? ""}\n`,
          modules: [["dense", linear(`${name}.intermediate.dense`)]],
        },
      ],
      ["output", residual(`${name}.output`)],
    ],
  });
  const layers = Array.from({ length: config.num_hidden_layers }, (_, i) => i);
  return {
    className: "BertForSequenceClassification",
    source: classification(problem),
    ...dropout(config.classifier_dropout ?? config.hidden_dropout_prob),
    modules: [
      [
        "bert",
        {
          className: "BertModel",
          source: MODEL,
          modules: [
            [
              "embeddings",
              {
                className: "BertEmbeddings",
                source: EMBEDDINGS,
                ...dropout(config.hidden_dropout_prob),
                modules: [
                  ["word_embeddings", embedding("bert.embeddings.word_embeddings", config.pad_token_id ?? -1)],
                  ["position_embeddings", embedding("bert.embeddings.position_embeddings", -1)],
                  ["token_type_embeddings", embedding("bert.embeddings.token_type_embeddings", -1)],
                  ["LayerNorm", norm("bert.embeddings.LayerNorm")],
                ],
              },
            ],
            [
              "encoder",
              {
                className: "BertEncoder",
                source:
                  "\ndef forward(self, hidden: Tensor, mask: Optional[Tensor] = None) -> Tensor:\n" +
                  layers.map((i) => `    hidden = getattr(self.layer, "${i}").forward(hidden, mask)\n`).join("") +
                  "    return hidden\n",
                modules: [
                  [
                    "layer",
                    {
                      className: "BertLayers",
                      source: "",
                      modules: layers.map((i) => [String(i), layer(`bert.encoder.layer.${i}`)] as const),
                    },
                  ],
                ],
              },
            ],
            ["pooler", { className: "BertPooler", source: POOLER, modules: [["dense", linear("bert.pooler.dense")]] }],
          ],
        },
      ],
      ["classifier", linear("classifier")],
    ],
  };
}
