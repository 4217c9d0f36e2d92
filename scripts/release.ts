/**
 * Releases what is checked out: `npm run release`, or `-- --dry-run` for everything but the publishing.
 *
 * Refuses what is not clean, not new or not told in CHANGELOG.md; makes the tarball; has it checked; publishes it with
 * provenance, which needs a workflow of GitHub Actions or GitLab CI with `id-token: write`. `-- --skip-checks` is for a
 * workflow whose job before this one has checked the same commit.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { makeTarball } from "./build/tarball";
import { checkContents } from "./checks/package/contents";
import { releaseProblems } from "./release/problems";

const ROOT = path.join(__dirname, "..");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly repository?: { readonly url: string };
}

function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trimEnd();
}

function run(command: string, args: readonly string[]): void {
  console.log(`release: ${[command, ...args].join(" ")}`);
  execFileSync(command, args, { cwd: ROOT, stdio: "inherit" });
}

function workflowOf({
  GITHUB_ACTIONS,
  GITHUB_REPOSITORY,
  GITLAB_CI,
  CI_PROJECT_PATH,
}: NodeJS.ProcessEnv): string | undefined {
  if (GITHUB_ACTIONS === "true") return GITHUB_REPOSITORY;
  return GITLAB_CI === "true" ? CI_PROJECT_PATH : undefined;
}

async function release(dryRun: boolean, skipChecks: boolean): Promise<void> {
  const { name, version, repository } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as Manifest;
  const tag = `v${version}`;
  const problems = releaseProblems({
    version,
    status: output("git", ["status", "--porcelain"]),
    tags: output("git", ["tag", "--list"]).split("\n"),
    changelog: readFileSync(path.join(ROOT, "CHANGELOG.md"), "utf8"),
    lockVersion: (
      JSON.parse(readFileSync(path.join(ROOT, "package-lock.json"), "utf8")) as { readonly version: string }
    ).version,
    repository: repository?.url,
    workflowOf: workflowOf(process.env),
  });
  for (const problem of problems) console.error(`release: ${problem}`);
  if (problems.length > 0 && !dryRun) throw new Error(`release: ${problems.length} problems; nothing was published`);

  if (!skipChecks) {
    run("npm", ["run", "check:symbols"]);
    run("npm", ["run", "api", "--", "--check"]);
    run("npm", ["run", "check:package", "--", "--compile"]);
  }
  const work = mkdtempSync(path.join(tmpdir(), "torchwright-release-"));
  try {
    const tarball = await makeTarball(ROOT, work);
    checkContents(ROOT, tarball);
    const publish = [
      "publish",
      tarball.file,
      "--provenance",
      "--access",
      "public",
      ...(version.includes("-") ? ["--tag", "next"] : []),
    ];
    if (dryRun) {
      run("npm", [...publish.filter((word) => word !== "--provenance"), "--dry-run", "--ignore-scripts"]);
      console.log(`release: would run npm ${publish.join(" ")}, and git tag ${tag}`);
      if (problems.length > 0) throw new Error(`release: would be refused, ${problems.length} problems`);
    } else {
      run("npm", [...publish, "--ignore-scripts"]);
      run("git", ["tag", tag]);
      console.log(`release: ${name} ${version} is published; git push origin ${tag}`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { "dry-run": { type: "boolean", default: false }, "skip-checks": { type: "boolean", default: false } },
});
release(values["dry-run"], values["skip-checks"]).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
