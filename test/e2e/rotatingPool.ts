import type { FakeAws, FakeAzure, FakeGoogleCloud } from "../../src/testing";

/** A program with a pool whose key changes. @param jobVariables as JavaScript */
export const rotatingPool = (jobVariables = `{ image: "acme/etl:1" }`): string =>
  `const pool = new Pool("etl", { ...place, keyRotation: { everyDays: 90, overlapDays: 7 }, jobVariables: ${jobVariables} });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "echo hello" });
exports.pushPools = manifest({ pools: [pool], deployments: [hello] });`;

/** The ids of the users' access keys, oldest first. */
export function keysOnAws({ world }: FakeAws): string[] {
  return [...world.iam.keys].flatMap(([id, { principal }]) => (principal.arn.includes(":user/") ? [id] : []));
}

/** The ids of the keys of service accounts, oldest first. */
export function keysOnGoogle({ world }: FakeGoogleCloud): string[] {
  return [...world.iam.keys.values()].flatMap(({ id, email }) => (email.includes("push") ? [id] : []));
}

/** The ids of the secrets of applications, oldest first. */
export function keysOnAzure({ world }: FakeAzure): string[] {
  return [...world.directory.clients.values()].flatMap(({ secrets }) => secrets.map(({ keyId }) => keyId));
}
