/** What stands in the way of a release is said with its remedy, all of it at once. */
import { expect } from "chai";
import { releaseProblems } from "../../scripts/release/problems";
import type { ReleaseState } from "../../scripts/release/problems";

const CHANGELOG =
  "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-05-01\n\n### Added\n\n- A thing.\n\n## [1.1.0] - 2026-04-01\n\n- Another.\n";
const READY: ReleaseState = {
  version: "1.2.0",
  lockVersion: "1.2.0",
  status: "",
  tags: ["v1.1.0", "v0.9.0", "other"],
  changelog: CHANGELOG,
  repository: "git+https://github.com/owner/name.git",
  workflowOf: "owner/name",
};

describe("a release", () => {
  it("goes through where the tree is clean, the version new and its changes told", () => {
    expect(releaseProblems(READY)).to.deep.equal([]);
    expect(
      releaseProblems({
        ...READY,
        version: "1.2.0-rc.1",
        lockVersion: "1.2.0-rc.1",
        changelog: CHANGELOG.replace("1.2.0", "1.2.0-rc.1"),
      }),
    ).to.deep.equal([]);
  });

  const refused: readonly (readonly [string, Partial<ReleaseState>, RegExp])[] = [
    [
      "with changes that are not committed",
      { status: " M lib/index.ts" },
      /clean tree, got changes:\n M lib\/index\.ts/,
    ],
    ["of a version that is released", { tags: ["v1.2.0"] }, /not released, got 1\.2\.0/],
    ["before another that is released", { tags: ["v1.10.0"] }, /got 1\.2\.0 after 1\.10\.0/],
    ["whose lock file has another version", { lockVersion: "1.1.0" }, /package-lock\.json, got 1\.1\.0/],
    [
      "that the changelog does not tell of",
      { changelog: CHANGELOG.replace("[1.2.0]", "[1.2.1]") },
      /"## \[1\.2\.0\] - <date>" in CHANGELOG\.md, got none/,
    ],
    ["whose entry has no date", { changelog: CHANGELOG.replace(" - 2026-05-01", " - soon") }, /got none/],
    ["whose entry is empty", { changelog: CHANGELOG.replace("- A thing.\n", "") }, /got nothing/],
    ["from a machine that cannot attest it", { workflowOf: undefined }, /GitHub Actions or GitLab CI/],
    ["whose package.json names no repository", { repository: undefined }, /repository in package\.json, .* got none/],
    [
      "from another repository's workflow",
      { workflowOf: "other/name" },
      /other\/name, in package\.json, got git\+https/,
    ],
  ];
  for (const [what, change, message] of refused) {
    it(`is refused ${what}`, () => {
      const problems = releaseProblems({ ...READY, ...change });
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(message);
    });
  }

  it("is refused for a version that is none, with all else that is wrong", () => {
    expect(releaseProblems({ ...READY, version: "1.2", status: "?? file" }).length).to.be.greaterThan(3);
  });
});
