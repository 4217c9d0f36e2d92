/** No link of the documentation is broken: files exist, and so do the headings that anchors name. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { inFolder } from "./support/tiny-bert";

const ROOT = path.join(__dirname, "..");

/** A notebook's cells of text, or all of a file. */
function markdown(file: string): string {
  const text = readFileSync(file, "utf8");
  if (!file.endsWith(".ipynb")) return text;
  const { cells } = JSON.parse(text) as { cells: readonly { cell_type: string; source: readonly string[] }[] };
  return cells
    .filter(({ cell_type: type }) => type === "markdown")
    .map(({ source }) => source.join(""))
    .join("\n\n");
}

/** Markdown without code, in which brackets are no links. */
function prose(file: string): string {
  return markdown(file)
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ""));
}

/** Anchors as GitHub makes them of headings. */
function anchors(file: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...prose(file).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => heading as string);
  return new Set(
    headings.map((heading) => {
      const slug = heading
        .toLowerCase()
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
        .replaceAll(" ", "-");
      const before = seen.get(slug) ?? 0;
      seen.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

/** What is wrong with a file's links, in words. */
function broken(file: string): string[] {
  const text = prose(file);
  const targets = [
    ...text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g),
    ...text.matchAll(/\b(?:src|href)="([^"]+)"/g),
  ].map(([, target]) => target as string);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .flatMap((target) => {
      const [place = "", anchor] = target.split("#");
      const to = place === "" ? file : path.resolve(path.dirname(file), decodeURIComponent(place));
      if (!existsSync(to)) return [`${target}: there is no such file`];
      if (anchor !== undefined && to.endsWith(".md") && !anchors(to).has(anchor)) {
        return [`${target}: there is no such heading`];
      }
      return [];
    });
}

describe("links", () => {
  const files = [".", "docs", "docs/guides", "examples", "examples/notebooks", "bench"]
    .flatMap((folder) =>
      existsSync(path.join(ROOT, folder))
        ? readdirSync(path.join(ROOT, folder)).map((name) => path.join(folder, name))
        : [],
    )
    .filter((name) => /\.(?:md|ipynb)$/.test(name));

  it("are looked at in all of the documentation", () => {
    expect(files).to.include.members([
      "README.md",
      "CONTRIBUTING.md",
      "docs/training.md",
      "docs/guides/README.md",
      "examples/README.md",
      "examples/notebooks/first-steps.ipynb",
    ]);
  });

  for (const file of files) {
    it(`of ${file} lead somewhere`, () => {
      expect(broken(path.join(ROOT, file))).to.deep.equal([]);
    });
  }

  it("that are broken are found, and others are not", async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, "page.md");
      const links = [
        "a](missing.md)",
        "b](page.md#no-such)",
        "c](#the-loop-by-hand)",
        "d](https://example.org/x)",
        "e](page.md#the-loop-by-hand-1)",
      ];
      await writeFile(
        file,
        `# The loop, by hand\n\n## The loop by hand\n\n${links.map((link) => `[${link}`).join(" ")} <img src="none.svg">\n\n\`\`\`ts\nx[a](b);\n\`\`\`\n`,
      );
      expect(broken(file)).to.deep.equal([
        "missing.md: there is no such file",
        "page.md#no-such: there is no such heading",
        "none.svg: there is no such file",
      ]);
    });
  });
});
