/** Pieces of Markdown, in which names of data are text and nothing else. */
import { printable } from "../../data/inspect/excerpt";

/** Text that no reader of Markdown takes for marks or HTML. */
export function escapeMarkdown(text: string): string {
  return printable(text).replace(/[\\`*_[\]<>|~&$]/g, "\\$&");
}

/** A table; texts are escaped already. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => ":---:")), ...rows.map(line)].join("\n");
}

export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** Some code, which has no fence in it. */
export function codeBlock(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\``;
}
