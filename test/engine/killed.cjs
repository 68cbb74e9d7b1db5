"use strict";
// An update that is killed (SIGKILL) at one moment: before or after the nth change that a provider makes. Prints the number of moments.
const { up } = require("../../lib/src/engine/index.js");

const [options, at] = process.argv.slice(2);
const MAKES = ["create", "update", "delete"];
let moment = 0;
const here = () => {
  if (++moment === Number(at)) process.kill(process.pid, "SIGKILL");
};

up({
  ...JSON.parse(options),
  env: process.env,
  async intercept({ method }, proceed) {
    if (!MAKES.includes(method)) return proceed();
    here();
    const answer = await proceed();
    here();
    return answer;
  },
}).then(() => console.log(moment));
