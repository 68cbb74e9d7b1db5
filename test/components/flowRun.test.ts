import { expect, test } from "vitest";
import { project } from "../provider/declared";

const POOL = `
const pool = new ProcessPushPool("local", { jobVariables: { env: { TOKEN: pulumi.secret("s") } } });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "true" });
`;

test("the record of its provider is small, has no secret, and is the same in every version", () => {
  const { declare } = project();
  const [one, two] = declare(`${POOL}
for (const name of ["a", "b"]) new FlowRun(name, { pool: pool.definition, deployment: hello.definition });`);
  expect(one?.inputs.__provider).toBe(two?.inputs.__provider);
  // Stacks call what they have stored. Change this text only together with a new `v`.
  expect(one?.inputs.__provider).toMatchSnapshot();
});

test("is registered under its type with all that its run needs, and marks secrets", () => {
  const [run] = project().declare(`${POOL}
class Box extends pulumi.ComponentResource { constructor(name) { super("my:index:Box", name); } }
new FlowRun("smoke", {
  pool: pool.definition, deployment: hello.definition, parameters: { name: "smoke" }, triggers: [pulumi.output("v1"), pulumi.secret("v2")],
  jobVariables: Promise.resolve({ env: pulumi.output({ A: pulumi.secret("x") }) }),
}, { parent: new Box("box") });`);
  expect(run).toMatchObject({
    type: "pulumi-nodejs:dynamic/pushpool:FlowRun",
    name: "smoke",
    inputs: {
      source: { project: "conf", stack: "dev", name: "smoke", parent: expect.stringMatching(/::my:index:Box::box$/) },
      pool: { name: "local", pool: { type: "process:push" }, blocks: {} },
      deployment: { name: "hello/prod", deployment: { command: "true", workPool: { name: "local" } } },
      parameters: { name: "smoke" },
      triggers: ["v1", "v2"],
      secretPaths: ["/pool/pool/baseJobTemplate/variables/properties/env/default/TOKEN", "/jobVariables/env", "/triggers/1"],
    },
  });
  expect(Object.keys(run?.inputs ?? {}).sort()).toEqual(
    ["__provider", "deployment", "jobVariables", "parameters", "pool", "secretPaths", "source", "triggers"].sort(),
  );
});

test("the URL of a ledger is secret, however it is given", () => {
  const [run] = project().declare(`${POOL}
new FlowRun("smoke", { pool: pool.definition, deployment: hello.definition, ledger: { url: "postgres://u:p@db/x", schema: "team" } });`);
  expect(run?.inputs).toMatchObject({
    ledger: { url: "postgres://u:p@db/x", schema: "team" },
    secretPaths: expect.arrayContaining(["/ledger/url"]),
  });
});

test.each([
  ["{ pool: pool.definition, deployment: hello.definition, ledger: { uri: 'x' } }", /FlowRun "smoke".*ledger/],
  [
    "{ pool, deployment: hello.definition }",
    /ResourceError: pool is a component: give the component's definition, for example pool: etl\.definition/,
  ],
  ["{ pool: pool.definition, deployment: hello }", /deployment is a component: .* for example deployment: hello\.definition/],
  ["{ pool: pool.definition }", /deployment is missing/],
  ["undefined", /pool is missing/],
])("%s is refused at once", (args, message) => {
  expect(() => project().declare(`${POOL}\nnew FlowRun("smoke", ${args});`)).toThrow(message);
});
