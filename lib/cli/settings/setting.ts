/** A setting of a command: a flag of the command line, and a key of the configuration file. */
import { choiceKind, type Kind } from "./kind";

/** A default as the help shows it. */
export type Preset = string | number | boolean | readonly string[] | undefined;

/** What a table says of a setting. */
export interface Leaf {
  readonly kind: Kind;
  /** One line for the help. */
  readonly description: string;
  /** Words to choose from. */
  readonly choices?: readonly string[];
  /** Shown in the help where it is not said in the description. */
  readonly default?: Preset;
  /** Another flag for the same, without dashes. */
  readonly short?: string;
  /** The flag, where it is not made of the place. */
  readonly flag?: string;
}

/** Settings that belong together, under one key. With `on` a switch turns them on, also without any of them. */
export interface Group {
  readonly on?: string;
  readonly settings: Readonly<Record<string, Leaf>>;
}

/** An option of the library that the command line does not have, and why. */
export interface Absent {
  readonly absent: string;
}

export type Spec = Leaf | Group | Absent;

export interface Setting extends Leaf {
  /** Where it is among the settings: `["lora", "r"]` is `{ "lora": { "r": … } }` in a configuration file. */
  readonly path: readonly [string] | readonly [string, string];
  /** Whether it is the switch of a group. */
  readonly on?: boolean;
}

/** A leaf of some words. */
export function choice(choices: readonly string[], description: string, more: Partial<Leaf> = {}): Leaf {
  return { kind: choiceKind(choices), choices, description, ...more };
}

/** The settings of a table, in its order. */
export function settingsOf(table: Readonly<Record<string, Spec>>): readonly Setting[] {
  return Object.entries(table).flatMap(([name, spec]): Setting[] => {
    if ("absent" in spec) return [];
    if (!("settings" in spec)) return [{ ...spec, path: [name] }];
    const inside = Object.entries(spec.settings).map(([inner, leaf]): Setting => ({ ...leaf, path: [name, inner] }));
    return spec.on === undefined
      ? inside
      : [{ kind: SWITCH_OF_GROUP, description: spec.on, path: [name], on: true }, ...inside];
  });
}

/** `true`, `false`, or the group itself. */
const SWITCH_OF_GROUP: Kind = {
  placeholder: undefined,
  expected: "true, false or an object",
  read: () => true,
  fits: (value) => typeof value === "boolean",
};

/** `learning-rate`, `lora-r`; of `loraAlpha` in `lora` it is `lora-alpha`. */
export function flagName({ path: [first, second], flag }: Setting): string {
  if (flag !== undefined) return flag;
  const outer = kebab(first);
  const inner = second === undefined ? undefined : kebab(second);
  return inner === undefined ? outer : inner.startsWith(`${outer}-`) ? inner : `${outer}-${inner}`;
}

/** The key of a configuration file, in words. */
export function keyName({ path }: Pick<Setting, "path">): string {
  return path.join(".");
}

/** `learning-rate` of `learningRate`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
