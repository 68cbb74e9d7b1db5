// npm runs `prepare` whenever it builds or installs this package from its sources. An installed package has no sources, so there is nothing
// to do.
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");
if (existsSync(join(__dirname, "..", "src", "cli", "main.ts"))) import("./build.mjs");
