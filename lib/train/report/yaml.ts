/** YAML of plain data, for the head of a model card. */

export type YamlValue = string | number | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/**
 * Block style with every text in double quotes: unquoted, YAML takes the language `no` for false and a version for a
 * number. Keys are taken for plain words.
 */
export function toYaml(record: { readonly [key: string]: YamlValue }, indent = ""): string {
  return Object.entries(record)
    .map(([key, value]) => `${indent}${key}:${nested(value, indent)}`)
    .join("\n");
}

function nested(value: YamlValue, indent: string): string {
  if (typeof value !== "object") return ` ${scalar(value)}`;
  if (!isList(value)) return `\n${toYaml(value, `${indent}  `)}`;
  if (value.length === 0) return " []";
  return `\n${value.map((item) => `${indent}- ${listed(item, `${indent}  `)}`).join("\n")}`;
}

/** An item behind its dash. */
function listed(item: YamlValue, indent: string): string {
  if (typeof item !== "object") return scalar(item);
  return isList(item) ? `[${item.map((one) => listed(one, indent)).join(", ")}]` : toYaml(item, indent).trimStart();
}

const isList = (value: object): value is readonly YamlValue[] => Array.isArray(value);

function scalar(value: string | number): string {
  return typeof value === "number" ? number(value) : quoted(value);
}

/** YAML 1.1, which Python's reader obeys, takes `1e-7` for a text: a number with an exponent needs a point. */
function number(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  return String(value).replace(/^(-?\d+)e/, "$1.0e");
}

/** JSON's quotes and escapes are YAML's, but for characters that YAML does not let stand by themselves. */
function quoted(text: string): string {
  const whole = JSON.stringify(text.replace(/\p{Cs}/gu, "\ufffd")); // halves of pairs are no characters
  return whole.replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
