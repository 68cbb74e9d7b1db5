import { join } from "node:path";
import { ComponentProvider } from "@pulumi/pulumi/provider/experimental/provider";
import { expect, test } from "vitest";
import { components } from "./provider";

test("Pulumi's analyzer accepts every component: the schema is the one that other languages get", async () => {
  const provider = new ComponentProvider({ components, dirname: join(__dirname, "provider"), name: "pushpool" });
  const schema = JSON.parse(await provider.getSchema());
  expect(Object.keys(schema.resources).sort()).toEqual(components.map(({ name }) => `pushpool:index:${name}`).sort());
  expect(schema).toMatchSnapshot();
});
