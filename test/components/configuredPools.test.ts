import { createRequire } from "node:module";
import { beforeAll, expect, test } from "vitest";
import { configuredPools as poolsOf } from "../../components/configuredPools";
import { ProcessPushPool } from "../../components/local";
import { mockPulumi, settled } from "./mocks";

beforeAll(mockPulumi);

const components = { "process:push": { load: () => ProcessPushPool, args: ["workPoolName", "jobVariables", "concurrencyLimit"] } };
const configuredPools = (configured: unknown, isSecret: boolean) => poolsOf(configured, components, isSecret);

test("with no configuration: one pool, local, of type process:push", () => {
  const pools = configuredPools(undefined, false).map(({ definition }) => definition);
  expect(pools.map(({ name, pool }) => [name, pool.type])).toEqual([["local", "process:push"]]);
});

test("each configured pool with its arguments", () => {
  const pools = configuredPools(
    { a: { type: "process:push", concurrencyLimit: 2 }, b: { type: "process:push", workPoolName: "bee" } },
    false,
  );
  expect(pools.map(({ definition: { name, pool } }) => [name, pool.concurrencyLimit])).toEqual([
    ["a", 2],
    ["bee", undefined],
  ]);
});

test("with a secure: value in them, all job variables are secret, and nothing else", async () => {
  const configured = { a: { type: "process:push", concurrencyLimit: 2, jobVariables: { env: { TOKEN: "hunter2" } } } };
  const [pool] = configuredPools(configured, true);
  const { value, secrets } = await settled(pool?.definition.pool);
  expect(secrets).toEqual(["/baseJobTemplate/variables/properties/env/default/TOKEN"]);
  expect(value).toMatchObject({
    concurrencyLimit: 2,
    baseJobTemplate: { variables: { properties: { env: { default: { TOKEN: "hunter2" } } } } },
  });
});

test("with a secure: value in them, build arguments are refused, because one of them may be it", () => {
  const withImage = { "process:push": { load: () => ProcessPushPool, args: ["image"] } };
  const configured = { a: { type: "process:push", image: { context: ".", args: { TOKEN: "hunter2" } } } };
  expect(() => poolsOf(configured, withImage, true)).toThrow(
    /^pushpool:pools\.a\.image\.args cannot be given beside a `secure:` value, [^2]*$/,
  );
});

const bad: [string, unknown, RegExp][] = [
  ["a list", ["local"], /^pushpool:pools must be an object/],
  ["a pool that is a string", { a: "process:push" }, /^pushpool:pools\.a must be an object with a type/],
  ["no type", { a: {} }, /^pushpool:pools\.a\.type is missing/],
  ["unknown type", { a: { type: "proces:push" } }, /^pushpool:pools\.a\.type is unknown: "proces:push": did you mean "process:push"\?/],
  ["a name of Object's", { a: { type: "constructor" } }, /^pushpool:pools\.a\.type is unknown/],
  ["an argument of the wrong kind", { a: { type: "process:push", concurrencyLimit: "two" } }, /^concurrencyLimit must be a whole number/],
  [
    "unknown argument",
    { a: { type: "process:push", concurencyLimit: 1 } },
    /^pushpool:pools\.a\.concurencyLimit is unknown: did you mean "concurrencyLimit"\?/,
  ],
];
test.each(bad)("refused: %s", (_, configured, message) => expect(() => configuredPools(configured, false)).toThrow(message));

test("a provider's SDK that is not installed: the message has the install command; another missing module is not the user's mistake", () => {
  const requiring = (module: string) => ({ "acme:push": { load: () => createRequire(__filename)(module), args: [] } });
  const pools = { etl: { type: "acme:push" } };
  expect(() => poolsOf(pools, requiring("@pulumi/acme/iam"), false)).toThrow(
    /^pushpool:pools\.etl\.type acme:push needs a package that is not installed: npm install @pulumi\/acme$/,
  );
  expect(() => poolsOf(pools, requiring("./no-such-file"), false)).toThrow(/Cannot find module '\.\/no-such-file'/);
});
