#!/usr/bin/env node
/**
 * Stands in for node-gyp where prebuildify calls it: the addon is built by cmake-js before prebuildify
 * starts, and laid where a node-gyp build would have left it. Only checks that it is there.
 */
"use strict";

const { existsSync } = require("node:fs");
const path = require("node:path");

const file = path.join(process.cwd(), "build", "Release", "loader.node");
if (!existsSync(file)) {
  console.error(`node-gyp-shim: expected ${file}, which npm run prebuild lays there`);
  process.exit(1);
}
