#!/usr/bin/env node
// An old node must be able to parse this file, so that it can say what is wrong. The program itself is in `lib`.
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
var path = require("node:path");
var env = process.env;
var home = env.XDG_CACHE_HOME || (env.HOME && path.join(env.HOME, ".cache"));
var nodes = home && path.join(home, "pushpool", "node");
// Compiled once, not at every start. In a folder of the user's own: what is in it is run.
if (home) {
  require("node:module").enableCompileCache(nodes);
  require("./compiledCode.cjs").keepCompiledCode(
    path.join(__dirname, "..", "lib"),
    path.join(home, "pushpool", "code"),
    commandOf(process.argv.slice(2)),
    nodes,
  );
}
try {
  require("../lib/cli.cjs");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND" || !/lib\/cli\.cjs'/.test(error.message)) throw error;
  console.error(`pushpool is not built: run \`npm ci\` in ${path.dirname(__dirname)}, or install the package again`);
  process.exit(2);
}

/** The first word that is neither an option nor the value of one. */
function commandOf(words) {
  var isCommand = (word, index) => /^[a-z]+$/.test(word) && !/^(-s|--stack|-C)$/.test(words[index - 1]);
  return words.find(isCommand) || "help";
}
