/** What stands in the way of a release, each with its remedy. */

export interface ReleaseState {
  /** Of package.json. */
  readonly version: string;
  readonly lockVersion: string;
  /** What `git status --porcelain` says. */
  readonly status: string;
  readonly tags: readonly string[];
  readonly changelog: string;
  /** URL of the repository in package.json; undefined where there is none. */
  readonly repository: string | undefined;
  /**
   * `owner/name` that a workflow runs for, where npm can attest what was built from which commit; undefined on another
   * machine.
   */
  readonly workflowOf: string | undefined;
}

/** All problems, not only the first. */
export function releaseProblems({
  version,
  lockVersion,
  status,
  tags,
  changelog,
  repository,
  workflowOf,
}: ReleaseState): string[] {
  const problems: string[] = [];
  const numbers = parse(version);
  if (!numbers) {
    problems.push(
      `expected a semantic version in package.json, got ${version}; npm version <major | minor | patch> sets it`,
    );
  }
  if (lockVersion !== version) {
    problems.push(
      `expected version ${version} in package-lock.json, got ${lockVersion}; run npm install --package-lock-only`,
    );
  }
  if (status.trim() !== "") {
    problems.push(`expected a clean tree, got changes:\n${status.trimEnd()}\ncommit or remove them`);
  }
  if (tags.includes(`v${version}`)) {
    problems.push(`expected a version that is not released, got ${version}, which has a tag; npm version raises it`);
  }
  const newer =
    numbers && tags.map((tag) => parse(tag.replace(/^v/, ""))).find((other) => other && isBefore(numbers, other));
  if (newer) problems.push(`expected a version after those released, got ${version} after ${newer.join(".")}`);
  const entry = entryOf(changelog, version);
  if (entry === undefined) {
    problems.push(
      `expected "## [${version}] - <date>" in CHANGELOG.md, got none; give what stands under Unreleased that title`,
    );
  } else if (!/^\s*- /m.test(entry)) {
    problems.push(`expected what changed under "## [${version}]" in CHANGELOG.md, got nothing`);
  }
  if (repository === undefined) {
    problems.push(
      "expected a repository in package.json, which the registry compares with the workflow's, got none; npm pkg set repository.url=git+https://…",
    );
  } else if (workflowOf !== undefined && !repository.replace(/\.git$/, "").endsWith(`/${workflowOf}`)) {
    problems.push(
      `expected the workflow's own repository, ${workflowOf}, in package.json, got ${repository}; the registry refuses another's provenance`,
    );
  }
  if (workflowOf === undefined) {
    problems.push(
      "expected GitHub Actions or GitLab CI, which attest what was built from which commit, got another machine",
    );
  }
  return problems;
}

/** What stands under a version's title, to the next title. */
function entryOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find(
    (text) =>
      text.startsWith(`[${version}] - `) && /^\[[^\]]+\] - \d{4}-\d{2}-\d{2}\s*$/m.test(text.split("\n")[0] ?? ""),
  );
  return section?.split("\n").slice(1).join("\n");
}

function parse(version: string): readonly [number, number, number] | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?$/.exec(version);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((number, index) => number !== b[index]);
  return i >= 0 && (a[i] as number) < (b[i] as number);
}
