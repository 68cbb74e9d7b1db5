// What a run of hello/node does. Its parameters come in the environment, as JSON.
import { setTimeout as sleep } from "node:timers/promises";

const { name, times = 1 } = JSON.parse(process.env.PUSHPOOL_PARAMETERS ?? "{}");

for (let n = 1; n <= times; n++) {
  console.log(`Hello, ${name}! (${n} of ${times})`);
  await sleep(300);
}
console.error(`greeted ${name} ${times} times`);
