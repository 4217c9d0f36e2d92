/** What the doctor says of addons, by where they are. */
import { expect } from "chai";
import path from "node:path";
import { addonFinding } from "../../../lib/cli/doctor/machine";
import type { Probed } from "../../../lib/cli/doctor/probe";
import type { AddonAnswer } from "../../../lib/cli/doctor/probes";
import { ownPackage } from "../../../lib/native/package-root";

describe("the doctor's finding about the addon", () => {
  const absent: Probed<AddonAnswer> = {
    ok: false,
    ending: "native addon: expected loader.node",
    code: "ERR_ADDON_NOT_BUILT",
  };
  const there = (folder: string): Probed<AddonAnswer> => ({ ok: true, value: { folder, release: "2.13.0" } });
  const prebuilt = path.join(ownPackage.root, "prebuilds", "linux-x64");

  it("says whether it came with the package", () => {
    expect(addonFinding(there(prebuilt), undefined)).to.include({
      status: "ok",
      text: `prebuilt, for libtorch 2.13.0, in ${prebuilt}`,
    });
  });

  it("is a problem where there is none, and none where it was built on this machine", () => {
    expect(addonFinding(absent, undefined))
      .to.include({ status: "problem" })
      .and.to.have.property("remedy")
      .that.contains("npx torchwright build");
    expect(addonFinding(absent, "/cache/addons/x")).to.include({
      status: "ok",
      text: "built on this machine for this libtorch, in /cache/addons/x",
    });
  });

  it("names the one built on this machine where both are there, as programs take it", () => {
    expect(addonFinding(there(prebuilt), "/cache/addons/x").text)
      .to.contain("/cache/addons/x")
      .and.to.not.contain(prebuilt);
  });
});
