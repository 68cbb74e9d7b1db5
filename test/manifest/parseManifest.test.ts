import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { checkDeploymentPool, lookupSecret, maskManifest, parseManifest, secretFromParts } from "../../src/manifest";
import { schemaFault } from "../../src/manifest/schemaFault";
import { MASK, Secret } from "../../src/secret";
import { defaultTemplate } from "../../src/template";
import { storedTemplate } from "../../src/template/storedTemplate";
import { UserError } from "../../src/userError";

const SECRET = "hunter2-very-secret";

const TEMPLATE = {
  job_configuration: { command: "{{ command }}" },
  variables: { type: "object", properties: { command: { type: "string" } } },
};

function tree(): JsonObject {
  return {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "prod" },
    pools: { etl: { type: "process:push", baseJobTemplate: TEMPLATE, credentials: "aws-credentials/etl", concurrencyLimit: 2 } },
    blocks: { "aws-credentials/etl": { data: { aws_access_key_id: "AKIA", aws_secret_access_key: SECRET } } },
    variables: { region: "eu" },
    deployments: { "hello/prod": { command: "true", workPool: { name: "etl" } } },
  };
}

/** The tree with the value at one path replaced; `undefined` removes it. */
function withAt(path: (string | number)[], value: Json | undefined): JsonObject {
  const root = structuredClone(tree());
  let at = root as Record<string, Json>;
  for (const segment of path.slice(0, -1)) {
    at[segment] ??= {};
    at = at[segment] as Record<string, Json>;
  }
  const last = String(path.at(-1));
  if (value === undefined) delete at[last];
  else at[last] = value;
  return root;
}

const faults: [string, unknown, RegExp][] = [
  ["a string", "manifest", /^m\.json: it must be an object of kind "pushpool.dev\/manifest"/],
  ["a list", [], /^m\.json: it must be an object/],
  ["nothing", null, /^m\.json: it must be an object/],
  ["no kind", withAt(["kind"], undefined), /^m\.json: kind is missing/],
  ["another kind", withAt(["kind"], "Deployment"), /^m\.json: kind must be "pushpool.dev\/manifest", not "Deployment"/],
  ["no version", withAt(["version"], undefined), /^m\.json: version is missing: this pushpool reads version 1$/],
  ["a newer version", withAt(["version"], 2), /^m\.json: version 2 is newer .* To upgrade, run `git pull && npm ci` in /],
  ["version 0", withAt(["version"], 0), /^m\.json: version must be 1/],
  ["version as a string", withAt(["version"], "1"), /^m\.json: version must be 1/],
  ["no source", withAt(["source"], undefined), /^m\.json: source is missing: the Pulumi stack that it came from$/],
  [
    "a source that would leave its folder",
    withAt(["source", "stack"], ".."),
    /^m\.json: source\.stack must be a name of letters, digits, "-", "_" and "\."$/,
  ],
  ["no pools", withAt(["pools"], undefined), /^m\.json: pools is missing/],
  ["unknown section", withAt(["pool"], {}), /^m\.json: pool is not a field of the manifest: did you mean "pools"/],
  ["constructor as a section", withAt(["constructor"], {}), /^m\.json: constructor is not a field of the manifest/],
  [
    "unknown pool field",
    withAt(["pools", "etl", "concurencyLimit"], 1),
    /^m\.json: pools\.etl\.concurencyLimit is not a field of pools\.etl: did you mean "concurrencyLimit"\?$/,
  ],
  [
    "limit as a string",
    withAt(["pools", "etl", "concurrencyLimit"], "two"),
    /^m\.json: pools\.etl\.concurrencyLimit must be an integer or null, not a string$/,
  ],
  [
    "limit as a fraction",
    withAt(["pools", "etl", "concurrencyLimit"], 1.5),
    /^m\.json: pools\.etl\.concurrencyLimit must be an integer or null, not a fraction$/,
  ],
  ["negative limit", withAt(["pools", "etl", "concurrencyLimit"], -1), /^m\.json: pools\.etl\.concurrencyLimit must be 0 or more, not -1$/],
  ["time limit 0", withAt(["pools", "etl", "timeoutSeconds"], 0), /^m\.json: pools\.etl\.timeoutSeconds must be 1 or more, not 0$/],
  [
    "paused as a string",
    withAt(["pools", "etl", "isPaused"], "yes"),
    /^m\.json: pools\.etl\.isPaused must be true or false, not a string$/,
  ],
  [
    "unknown pool type",
    withAt(["pools", "etl", "type"], "ecs"),
    /^m\.json: pools\.etl\.type must be one of .*, not "ecs": did you mean "ecs:push"/,
  ],
  ["no pool type", withAt(["pools", "etl", "type"], undefined), /^m\.json: pools\.etl\.type is missing/],
  ["no template", withAt(["pools", "etl", "baseJobTemplate"], undefined), /^m\.json: pools\.etl\.baseJobTemplate is missing/],
  [
    "half a template",
    withAt(["pools", "etl", "baseJobTemplate", "variables"], undefined),
    /^m\.json: pools\.etl\.baseJobTemplate\.variables is missing: JSON Schema of the job variables$/,
  ],
  [
    "half a template next to an invalid default",
    withAt(["pools", "etl", "baseJobTemplate"], { default: 1, variables: {} }),
    /^m\.json: pools\.etl\.baseJobTemplate\.job_configuration is missing: the job, with/,
  ],
  [
    "a template that is a list",
    withAt(["pools", "etl", "baseJobTemplate"], []),
    /^m\.json: pools\.etl\.baseJobTemplate must be an object, not a list$/,
  ],
  [
    "a job that is a string, next to a template's name",
    withAt(["pools", "etl", "baseJobTemplate"], { default: "process:push@1", job_configuration: "x" }),
    /^m\.json: pools\.etl\.baseJobTemplate\.job_configuration must be an object, not a string$/,
  ],
  [
    "label that is not a string",
    withAt(["pools", "etl", "labels"], { team: 1 }),
    /^m\.json: pools\.etl\.labels\.team must be a string, not an integer$/,
  ],
  [
    "queue priority 0",
    withAt(["pools", "etl", "queues"], { fast: { priority: 0 } }),
    /^m\.json: pools\.etl\.queues\.fast\.priority must be 1 or more/,
  ],
  [
    "pool name with a slash",
    withAt(["pools", "a/b"], { type: "process:push", baseJobTemplate: TEMPLATE }),
    /^m\.json: pools\.a\/b is not a valid name/,
  ],
  [
    "missing credentials block",
    withAt(["pools", "etl", "credentials"], "aws-credentials/elt"),
    /^m\.json: pools\.etl\.credentials: there is no block "aws-credentials\/elt" in blocks: did you mean "aws-credentials\/etl"\?$/,
  ],
  ["block without a type", withAt(["blocks", "etl"], { data: {} }), /^m\.json: blocks\.etl is not a valid name: name a block by its type/],
  ["block without data", withAt(["blocks", "secret/x"], {}), /^m\.json: blocks\.secret\/x\.data is missing/],
  [
    "deployment name",
    withAt(["deployments", "hello"], { workPool: { name: "etl" } }),
    /^m\.json: deployments\.hello is not a valid name: name a deployment by its flow and its name, for example hello\/prod/,
  ],
  ["no work pool", withAt(["deployments", "hello/prod"], { command: "true" }), /^m\.json: deployments\.hello\/prod\.workPool is missing/],
  [
    "no work pool name",
    withAt(["deployments", "hello/prod", "workPool"], {}),
    /^m\.json: deployments\.hello\/prod\.workPool\.name is missing/,
  ],
  [
    "unknown key in workPool",
    withAt(["deployments", "hello/prod", "workPool", "job_variables"], {}),
    /workPool\.job_variables is not a field of .*: did you mean "jobVariables"\?$/,
  ],
  [
    "tag that is not a string",
    withAt(["deployments", "hello/prod", "tags"], ["a", 1]),
    /^m\.json: deployments\.hello\/prod\.tags\.1 must be a string, not an integer$/,
  ],
  ["empty command", withAt(["deployments", "hello/prod", "command"], ""), /^m\.json: deployments\.hello\/prod\.command must not be empty$/],
  ["API URL", withAt(["prefect"], { apiUrl: "localhost:4200" }), /^m\.json: prefect\.apiUrl must be a URL/],
  [
    "masked parameter",
    withAt(["deployments", "hello/prod", "parameters"], { key: MASK }),
    /^m\.json: deployments\.hello\/prod\.parameters\.key must not be secret/,
  ],
  ["masked label", withAt(["pools", "etl", "labels"], { team: MASK }), /^m\.json: pools\.etl\.labels\.team must not be secret/],
  [
    "entirely secret data",
    withAt(["blocks", "aws-credentials/etl", "data"], MASK),
    /^m\.json: blocks\.aws-credentials\/etl\.data is entirely secret, .* pulumi\.secret\(\) around its secret values/,
  ],
  [
    "entirely secret job variables",
    withAt(["deployments", "hello/prod", "workPool", "jobVariables"], MASK),
    /jobVariables is entirely secret/,
  ],
];

test.each(faults)("refused with one message and the path: %s", (_, value, message) => {
  const error = thrownBy(() => parseManifest(value, [], "m.json"));
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("\n");
  expect(error.message).not.toContain(SECRET);
});

test("a secret at a wrong place is refused with its path, and its value is not shown", () => {
  const value = withAt(["pools", "etl", "type"], SECRET);
  const error = thrownBy(() => parseManifest(value, ["/pools/etl/type"], "m.json"));
  expect(error.message).toMatch(/^m\.json: pools\.etl\.type must not be secret/);
  expect(error.message).not.toContain(SECRET);
});

test("a secret path without a value is accepted", () => {
  expect(() => parseManifest(tree(), ["/pools/etl/nothing/here", "/deployments/none"], "m.json")).not.toThrow();
});

test('optional sections become empty objects, and a look-up of "constructor" finds nothing in them', () => {
  const { blocks, deployments, variables, pools, prefect } = parseManifest(
    { kind: "pushpool.dev/manifest", version: 1, source: { project: "p", stack: "s" }, pools: {} },
    [],
    "m.json",
  );
  expect([blocks, deployments, variables, pools, prefect]).toEqual([{}, {}, {}, {}, undefined]);
  expect(pools.constructor).toBeUndefined();
});

test("the secret fields of a block type are secret without a mark and are never printed", () => {
  const value = {
    ...tree(),
    blocks: {
      "aws-credentials/etl": {
        data: { aws_access_key_id: "AKIA", aws_secret_access_key: SECRET, aws_session_token: SECRET, region_name: null },
      },
      "gcp-credentials/g": { data: { project: "acme", service_account_info: { private_key: SECRET } } },
      "azure-container-instance-credentials/a": { data: { client_id: "id", client_secret: SECRET } },
      "secret/token": { data: { value: SECRET } },
    },
    prefect: { apiUrl: "https://api", auth: SECRET },
  };
  const manifest = parseManifest(value, [], "m.json");
  expect(manifest.blocks["aws-credentials/etl"]?.data).toEqual({
    aws_access_key_id: "AKIA",
    aws_secret_access_key: new Secret([{ pointer: "/blocks/aws-credentials~1etl/data/aws_secret_access_key" }], SECRET),
    aws_session_token: expect.any(Secret),
    region_name: null,
  });
  expect(manifest.blocks["gcp-credentials/g"]?.data.service_account_info).toBeInstanceOf(Secret);
  expect(manifest.prefect?.auth).toBeInstanceOf(Secret);
  for (const text of [JSON.stringify(manifest), inspect(manifest, { depth: 20 }), JSON.stringify(maskManifest(manifest))]) {
    expect(text).not.toContain(SECRET);
    expect(text).toContain(MASK);
  }
  expect(lookupSecret(manifest, "/blocks/secret~1token/data/value")).toBe(SECRET);
});

test("what an ARM template or a registry takes as a secret is one without a mark", () => {
  const texts = { secureValue: SECRET, password: SECRET, workspaceKey: SECRET, storageAccountKey: SECRET };
  const plain = {
    value: "shown",
    username: "u",
    secureValue: "{{ prefect.blocks.secret.x }}",
    password: "[parameters('p')]",
    workspaceKey: "",
  };
  const template = {
    variables: { properties: { image_registry: { default: { password: SECRET }, properties: { password: { type: "string" } } } } },
    job_configuration: {
      env: { password: "shown" },
      arm_template: { resources: [{ texts, plain, volumes: [{ secret: { key: SECRET } }] }] },
    },
  };
  const value = withAt(["pools", "etl", "baseJobTemplate"], template);
  const { workPool } = (value.deployments as { "hello/prod": { workPool: JsonObject } })["hello/prod"];
  workPool.jobVariables = { image_registry: { username: "u", password: SECRET } };
  const manifest = parseManifest(value, [], "m.json");
  const found = manifest.pools.etl?.baseJobTemplate as typeof template;
  const [resource] = found.job_configuration.arm_template.resources;
  for (const name of Object.keys(texts)) expect(resource?.texts[name as "password"], name).toBeInstanceOf(Secret);
  expect([resource?.plain, found.job_configuration.env]).toEqual([plain, { password: "shown" }]);
  expect(found.variables.properties.image_registry.properties).toEqual({ password: { type: "string" } });
  expect(JSON.stringify(manifest)).not.toContain(SECRET);
  const pointer = "/pools/etl/baseJobTemplate/job_configuration/arm_template/resources/0/volumes/0/secret/key";
  expect(secretFromParts(manifest, [{ pointer }]).reveal()).toBe(SECRET);
});

test("marked values are secrets with their pointer; a masked secret has no value", () => {
  const value = withAt(["deployments", "hello/prod", "workPool", "jobVariables"], { env: { A: SECRET, B: MASK, C: "plain" } });
  const manifest = parseManifest(value, ["/deployments/hello~1prod/workPool/jobVariables/env/A"], "m.json");
  const env = manifest.deployments["hello/prod"]?.workPool.jobVariables?.env as Record<string, Secret>;
  expect([env.A?.known, env.A?.reveal(), env.A?.pointers]).toEqual([
    true,
    SECRET,
    ["/deployments/hello~1prod/workPool/jobVariables/env/A"],
  ]);
  expect([env.B?.known, env.B?.pointers]).toEqual([false, ["/deployments/hello~1prod/workPool/jobVariables/env/B"]]);
  expect(env.C).toBe("plain");
});

const lookUps: [string, Json | undefined][] = [
  ["/variables/db", { user: "ada", password: SECRET, hosts: ["a", "b"] }],
  ["/variables/db/password", SECRET],
  ["/variables/db/hosts/1", "b"],
  ["/variables/db/hosts/-1", "b"],
  ["/variables/db/user/0", "a"],
  ["/variables/db/none", undefined],
  ["/variables/db/constructor", undefined],
  ["/variables/masked", undefined],
  ["/variables/region", "eu"],
  ["/variables/region/x", undefined],
  ["/blocks/secret~1a~0b/data/value", SECRET],
  ["/variables", undefined],
];
const toLookUp = () => {
  const value = {
    ...tree(),
    blocks: { ...(tree().blocks as JsonObject), "secret/a~b": { data: { value: SECRET } } },
    variables: { region: "eu", masked: MASK, db: { user: "ada", password: SECRET, hosts: ["a", "b"] } },
  };
  return parseManifest(value, ["/variables/db"], "m.json");
};
test.each(lookUps)("lookupSecret of %s", (pointer, expected) => expect(lookupSecret(toLookUp(), pointer)).toEqual(expected));

test("a secret from one pointer keeps its type, one from several parts is a string, and a missing one is unavailable", () => {
  const manifest = toLookUp();
  expect(secretFromParts(manifest, [{ pointer: "/variables/db/hosts" }]).reveal()).toEqual(["a", "b"]);
  const text = secretFromParts(manifest, ["Bearer ", { pointer: "/variables/db/password" }]);
  expect([text.reveal(), text.parts]).toEqual([`Bearer ${SECRET}`, ["Bearer ", { pointer: "/variables/db/password" }]]);
  expect(secretFromParts(manifest, [{ pointer: "/variables/db/password" }, ""]).reveal()).toBe(SECRET);
  for (const pointer of ["/variables/gone", "/variables/masked"]) {
    expect(secretFromParts(manifest, [{ pointer }]).known).toBe(false);
    expect(secretFromParts(manifest, ["x", { pointer }]).known).toBe(false);
  }
});

test("a deployment with an unknown pool is refused with its path", () => {
  const manifest = parseManifest(withAt(["deployments", "hello/prod", "workPool", "name"], "elt"), [], "m.json");
  const check = (name: string) => checkDeploymentPool(manifest, name, manifest.deployments[name] as never, "stack data/prod");
  expect(() => check("hello/prod")).toThrow(
    'deployments.hello/prod.workPool.name: there is no work pool "elt" in stack data/prod: did you mean "etl"?',
  );
});

test("property: masking replaces only secrets, and a masked manifest parses to the same result", () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(MASK));
  const key = fc.string({ minLength: 1 }).filter((name) => name !== "__proto__");
  const json = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf as fc.Arbitrary<Json>,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.dictionary(key, json, { maxKeys: 4 }), fc.nat(), (variables, pick) => {
      const value = { ...tree(), variables };
      const pointers = leafPointers(variables, "/variables");
      const marked = pointers.filter((_, index) => (index + pick) % 2 === 0);
      const manifest = parseManifest(value, marked, "m.json");
      const masked = maskManifest(manifest) as JsonObject;
      const expected = structuredClone(value) as JsonObject;
      for (const pointer of [...marked, "/blocks/aws-credentials~1etl/data/aws_secret_access_key"]) setMask(expected, pointer);
      expect(masked).toEqual(expected);
      expect(maskManifest(parseManifest(masked, [], "m.json"))).toEqual(masked);
    }),
    { numRuns: 200 },
  );
});

function leafPointers(value: Json, pointer: string): string[] {
  // Null is never secret.
  if (value === null) return [];
  if (typeof value !== "object") return [pointer];
  return Object.entries(value).flatMap(([key, inner]) =>
    leafPointers(inner, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
}

function setMask(root: JsonObject, pointer: string): void {
  const path = pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = path.pop() as string;
  let at = root as Record<string, Json>;
  for (const segment of path) at = at[segment] as Record<string, Json>;
  at[last] = MASK;
}

function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

test("the schema accepts complete, named and packed templates, and refuses anything else", () => {
  const withTemplate = (template: Json) => schemaFault(withAt(["pools", "etl", "baseJobTemplate"], template));
  const isLater = () => false;
  const own = { ...defaultTemplate("ecs:push"), job_configuration: { command: "{{ command }}" } };
  const stored = [defaultTemplate("ecs:push"), own, TEMPLATE].map((template) => storedTemplate(template, isLater) as JsonObject);
  expect(stored.map(({ default: name, packed }) => [name, typeof packed])).toEqual([
    ["ecs:push@1", "undefined"],
    [undefined, "string"],
    [undefined, "string"],
  ]);
  for (const template of [TEMPLATE, defaultTemplate("ecs:push"), ...stored]) expect(withTemplate(template)).toBeUndefined();
  expect(withTemplate({ default: "ecs:push@1", variables: 1 })).toMatch(/variables must be an object, not an integer$/);
  expect(withTemplate({ packed: "not base64!" })).toMatch(/^pools\.etl\.baseJobTemplate\.packed must be base64/);
  expect(withTemplate({ default: "" })).toMatch(/default must not be empty$/);
  expect(withTemplate({})).toMatch(/^pools\.etl\.baseJobTemplate\.job_configuration is missing/);
});
