/** The settings of a run, and the versions that it ran with. */
import { TRAINER_DEFAULTS } from "../../options";
import { formatLearningRate } from "../../progress-format";
import type { ReportData } from "../report-data";
import { type PageSection, paragraph, richTable } from "./html";

export function settingsSection({ record }: ReportData): PageSection {
  return {
    id: "settings",
    title: "Settings",
    pieces: [record ? settingsHtml(record) : paragraph("There was no run.")],
  };
}

function settingsHtml({ options, plan, data }: NonNullable<ReportData["record"]>): string {
  const defaults: Readonly<Record<string, unknown>> = TRAINER_DEFAULTS;
  const rows = Object.entries(options).map(
    ([name, value]) =>
      [name, settingText(value), Object.hasOwn(defaults, name) ? settingText(defaults[name]) : "none"] as const,
  );
  const changed = rows.filter(([, own, usual]) => own !== usual);
  const others = rows.filter(([, own, usual]) => own === usual).map(([name, own]) => [name, own]);
  const planned = `${plan.totalSteps} steps, of which ${plan.warmupSteps} warm up; ${data.examples} examples in ${data.batches} batches a pass.`;
  return (
    paragraph(planned) +
    (changed.length > 0
      ? richTable(
          "Options that are not at their default",
          [{ title: "option" }, { title: "value" }, { title: "default" }],
          changed,
        )
      : "") +
    `<details><summary>The others</summary>${richTable("Options at their default", [{ title: "option" }, { title: "value" }], others)}</details>`
  );
}

function settingText(value: unknown): string {
  if (typeof value === "number" && Math.abs(value) < 1e-3) return formatLearningRate(value);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

export function versionsSection({ versions, created }: ReportData): PageSection {
  const { torchwright, libtorch, node, platform, device } = versions;
  const rows = [
    ["Torchwright", torchwright],
    ["libtorch", libtorch],
    ["Node.js", node],
    ["platform", platform],
    ["device", device],
    ["report made at", created],
  ];
  return {
    id: "versions",
    title: "Versions",
    pieces: [richTable("What the report was made with", [{ title: "what" }, { title: "version" }], rows)],
  };
}
