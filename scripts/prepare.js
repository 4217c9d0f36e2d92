/**
 * What npm calls after an install in a checkout. Plain JavaScript, so that it can say what is missing
 * where Node is too old, or TypeScript is not installed, for the real work in install.ts.
 */
"use strict";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `torchwright: expected Node 20.19 or newer, got ${process.versions.node}. ` +
      "Install a current Node from https://nodejs.org, or with nvm: nvm install 22",
  );
  process.exit(1);
}
try {
  require("ts-node/register/transpile-only");
} catch {
  console.error(
    "torchwright: the development dependencies are not installed, so nothing was built. " +
      "In a checkout run npm install without --omit=dev.",
  );
  process.exit(0);
}
require("./install.ts");
