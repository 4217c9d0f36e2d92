/** Which operators the checks are about: every public one of this libtorch, read from its own registry. */
import { native } from "../../../lib/native/load";
import type { Schema } from "../../../scripts/generate/schema";
import { parseSchema } from "../../../scripts/generate/schema";

export interface Operator extends Schema {
  /** `add.Tensor`. */
  readonly qualified: string;
  /** The name without the underscore of an in-place form: `add` for `add_`. */
  readonly base: string;
  readonly inPlace: boolean;
}

/** As for the generated types: no private names, helpers of autograd, named dimensions or `out=`. */
function isPublic({ name, overload, arguments: args }: Schema): boolean {
  if (name.startsWith("_") || name.includes("_backward")) return false;
  if (/imname/.test(overload) || overload.startsWith("names")) return false;
  return !args.some(({ keyword, writes }) => keyword && writes);
}

/** Every public overload, in the order of the schemas' text. */
export function publicOperators(): Operator[] {
  return native()
    .schemas()
    .flatMap((text) => {
      const schema = parseSchema(text);
      if (!schema || !isPublic(schema)) return [];
      const inPlace = schema.name.endsWith("_");
      const qualified = schema.overload ? `${schema.name}.${schema.overload}` : schema.name;
      return [{ ...schema, qualified, base: inPlace ? schema.name.slice(0, -1) : schema.name, inPlace }];
    });
}
