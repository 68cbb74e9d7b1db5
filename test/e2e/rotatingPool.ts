/** A program with a pool whose key changes. */
export const rotatingPool = ({ jobVariables = {}, everyDays = 90 }: { jobVariables?: object; everyDays?: number } = {}): string =>
  `const rotating = ${JSON.stringify({ image: "acme/etl:1", ...jobVariables })};
const pool = new Pool("etl", { ...place, keyRotation: { everyDays: ${everyDays}, overlapDays: 7 }, jobVariables: rotating });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "echo hello" });
exports.pushPools = manifest({ pools: [pool], deployments: [hello] });`;
