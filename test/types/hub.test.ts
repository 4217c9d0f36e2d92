/** Types: what opens a model takes the hub's options, what makes one does not. */
import { expectTypeOf } from "expect-type";
import type {
  AutoTokenizer,
  BertForSequenceClassification,
  FromConfigOptions,
  FromPretrainedOptions,
  HubOptions,
  LoadModelOptions,
  LoadOptions,
} from "../../lib/index";

describe("types of models by name", () => {
  it("have the hub's options where a model is opened, and nowhere else", () => {
    expectTypeOf<FromPretrainedOptions>().toExtend<HubOptions>();
    expectTypeOf<LoadModelOptions>().toExtend<HubOptions>();
    expectTypeOf<LoadOptions>().toExtend<HubOptions>();
    expectTypeOf<Parameters<typeof AutoTokenizer.fromPretrained>[1]>().toEqualTypeOf<HubOptions | undefined>();
    expectTypeOf<Parameters<BertForSequenceClassification["loadAdapter"]>[1]>().toEqualTypeOf<HubOptions | undefined>();
    expectTypeOf<FromConfigOptions>().not.toHaveProperty("revision");
    expectTypeOf<FromConfigOptions>().not.toHaveProperty("signal");
    expectTypeOf<HubOptions["token"]>().toEqualTypeOf<string | false | undefined>();
  });
});
