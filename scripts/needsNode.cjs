// In syntax that any node can read. The devDependency `node` puts a node 24 first on the PATH of npm's scripts; without its binary, this
// reports it.
"use strict";
var version = process.versions.node.split(".").map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 13)) {
  console.error(
    `pushpool needs node 22.13 or newer and this is ${process.version}: run \`npm rebuild node\` to fetch the one it brings along, or install a newer node.`,
  );
  process.exit(1);
}
