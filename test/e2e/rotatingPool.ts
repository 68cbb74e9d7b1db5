interface Rotating {
  jobVariables?: object;
  /** 0: it does not change. */
  everyDays?: number;
  overlapDays?: number;
  /** An existing user. */
  user?: string;
  /** More arguments, as JavaScript text. */
  given?: string;
}

/** A program with a pool whose key changes. */
export const rotatingPool = ({ jobVariables = {}, everyDays = 90, overlapDays = 7, user, given = "" }: Rotating = {}): string =>
  `const rotating = ${JSON.stringify({ image: "acme/etl:1", ...jobVariables })};
const pool = new Pool("etl", { ...place, ${given}${user === undefined ? "" : `user: "${user}", `}${everyDays === 0 ? "" : `keyRotation: { everyDays: ${everyDays}, overlapDays: ${overlapDays} }, `}jobVariables: rotating });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "echo hello" });
exports.pushPools = manifest({ pools: [pool], deployments: [hello] });`;
