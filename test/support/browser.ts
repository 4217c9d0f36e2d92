/** For tests: opens a page in a headless Chromium and measures what it shows. */
import { execFile, spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { inFolder } from "./tiny-bert";

/** A Chromium's path, in place of one that is found, or "none" to leave its tests out. */
const CHOICE = process.env["TORCHWRIGHT_TEST_BROWSER"];

export const withoutBrowser = CHOICE === "none";

export interface View {
  readonly width?: number;
  readonly height?: number;
  /** What the system prefers. */
  readonly dark?: boolean;
}

/** What a browser made of a page. */
export interface Measured {
  /** By id, with the heading's text and the height in pixels. */
  readonly sections: readonly { readonly id: string; readonly title: string; readonly height: number }[];
  /** Those that are to be seen. */
  readonly tables: number;
  readonly title: string;
  /** What each chart is called, and its size in pixels. */
  readonly charts: readonly {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    readonly shapes: number;
  }[];
  /** Texts with the least contrast to what lies behind them, the least first. */
  readonly contrasts: readonly { readonly text: string; readonly ratio: number }[];
  /** Pixels that the page is wider than the window. */
  readonly overflow: number;
  readonly background: string;
  /** Texts of the cells in the table of examples. */
  readonly cells: readonly string[];
  /** Errors and warnings. */
  readonly console: readonly string[];
}

/** Opens a copy of a page that measures itself. */
export async function measurePage(html: string, view: View = {}): Promise<Measured> {
  return inFolder(async (folder) => {
    const file = join(folder, "page.html");
    // In front of the last tag: what it measures is there, and what a page says of scripts is not taken for one.
    const end = html.lastIndexOf("</body>");
    await writeFile(file, `${html.slice(0, end)}<script>${MEASURE}</script>${html.slice(end)}`);
    const { stdout, stderr } = await chromium(folder, file, view, ["--dump-dom", "--enable-logging=stderr"]);
    const found = /<pre id="measured">([^<]*)<\/pre>/.exec(stdout)?.[1];
    if (found === undefined) throw new Error(`the page did not measure itself: ${stderr}`);
    const messages = stderr.split("\n").filter((line) => line.includes(":CONSOLE"));
    return {
      ...(JSON.parse(Buffer.from(found, "base64").toString("utf8")) as Omit<Measured, "console">),
      console: messages,
    };
  });
}

/** A picture of the page as it is, in PNG. */
export async function screenshot(html: string, view: View = {}): Promise<Buffer> {
  return inFolder(async (folder) => {
    const [file, picture] = [join(folder, "page.html"), join(folder, "page.png")];
    await writeFile(file, html);
    await chromium(folder, file, view, ["--hide-scrollbars", `--screenshot=${picture}`]);
    return readFile(picture);
  });
}

async function chromium(
  folder: string,
  file: string,
  { width = 1200, height = 1600, dark = false }: View,
  more: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    `--user-data-dir=${join(folder, "profile")}`,
    `--window-size=${width},${height}`,
    ...(dark ? ["--force-dark-mode"] : []),
    ...more,
    pathToFileURL(file).href,
  ];
  return promisify(execFile)(findChromium(), args, { maxBuffer: 2 ** 26 });
}

function findChromium(): string {
  const names = CHOICE === undefined ? ["chromium", "chromium-browser", "google-chrome"] : [CHOICE];
  const found = names.find((name) => spawnSync(name, ["--version"]).status === 0);
  if (found !== undefined) return found;
  throw new Error(
    `expected a Chromium, which pages are looked at in, got none among ${names.join(", ")}: install Debian's package chromium (apt-get install chromium), ` +
      "name one with TORCHWRIGHT_TEST_BROWSER=<path>, or leave these tests out with TORCHWRIGHT_TEST_BROWSER=none",
  );
}

/** Runs in the page. Contrast is that of the Web Content Accessibility Guidelines 2.2. */
const MEASURE = String.raw`
const box = (element) => element.getBoundingClientRect();
const colour = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
const over = (top, below) => ({ r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1 });
const light = ({ r, g, b }) => { const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
const behind = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) layers.push(colour(getComputedStyle(at).backgroundColor));
  return layers.reduceRight((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
};
const contrasts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement;
  if (!node.data.trim() || element.closest("script, style, title") || box(element).width === 0) continue;
  const style = getComputedStyle(element);
  const ground = behind(element);
  const [a, b] = [light(over(colour(element instanceof SVGElement ? style.fill : style.color), ground)), light(ground)].sort((x, y) => y - x);
  contrasts.push({ text: node.data.slice(0, 40), ratio: (a + 0.05) / (b + 0.05) });
}
const result = {
  title: document.title,
  sections: [...document.querySelectorAll("main > section")].map((section) => ({ id: section.id, title: section.querySelector("h2").textContent, height: box(section).height })),
  tables: [...document.querySelectorAll("table")].filter((table) => table.checkVisibility() && box(table).height > 0).length,
  charts: [...document.querySelectorAll("svg")].map((svg) => ({ name: svg.getAttribute("aria-label"), width: box(svg).width, height: box(svg).height, shapes: [...svg.querySelectorAll("path, polyline, circle, rect")].filter((shape) => box(shape).width + box(shape).height > 0).length })),
  contrasts: contrasts.sort((a, b) => a.ratio - b.ratio).slice(0, 5),
  overflow: document.documentElement.scrollWidth - innerWidth,
  background: getComputedStyle(document.body).backgroundColor,
  cells: [...document.querySelectorAll("#examples td")].map((cell) => cell.innerText),
};
const shown = document.createElement("pre");
shown.id = "measured";
shown.textContent = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(result))));
document.body.append(shown);
`;
