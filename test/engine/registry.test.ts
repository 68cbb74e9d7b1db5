import { expect, test } from "vitest";
import { Registry } from "../../src/engine/providers/providerRegistry";

test("after an interruption a started provider is not configured, because it might never answer", async () => {
  const asked: string[] = [];
  const answers = (name: string) => async () => {
    asked.push(name);
    return { inputs: {}, failures: [] };
  };
  const provider = { checkConfig: answers("checkConfig"), configure: () => new Promise(() => {}), cancel: answers("cancel") };
  const registry = new Registry({ load: async () => ({ provider, close: async () => {} }) as never, preview: false, before: [] });
  const urn = "urn:pulumi:dev::test::pulumi:providers:acme::default";

  await registry.check({ urn, olds: {}, news: {} } as never);
  await registry.cancel();
  await expect(registry.create({ urn, inputs: {} } as never)).rejects.toThrow("interrupted before the provider acme was configured");
  expect(asked).toEqual(["checkConfig", "cancel"]);
});
