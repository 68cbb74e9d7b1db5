#!/usr/bin/env node
// Kept to what an old node can parse, so that it can say what is wrong; the program itself lies in `lib`.
"use strict";
var version = process.versions.node.split(".").map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 13)) {
  console.error(
    "pushpool needs node 22.13 or newer; this is " +
      process.version +
      " (" +
      process.execPath +
      "). Install a newer node, or run it by `npx -p node@24 node " +
      __filename +
      " …`.",
  );
  process.exit(2);
}
// Compiled once, not at every start. In a folder of the user's own: what is in it is run.
var env = process.env;
var home = env.XDG_CACHE_HOME || (env.HOME && require("node:path").join(env.HOME, ".cache"));
if (home) require("node:module").enableCompileCache(require("node:path").join(home, "pushpool", "node"));
try {
  require("../lib/cli.cjs");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND" || !/lib\/cli\.cjs'/.test(error.message)) throw error;
  console.error("pushpool: it is not built: run `npm ci` in " + require("node:path").dirname(__dirname) + ", or install the package again");
  process.exit(2);
}
