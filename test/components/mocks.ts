import * as pulumi from "@pulumi/pulumi";

/** Run components without an engine: every resource is as it was declared. @returns names of what is registered, as it comes */
export function mockPulumi(): string[] {
  const registered: string[] = [];
  pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => {
        registered.push(name);
        return { id: `${name}-id`, state: { name, arn: `arn:aws:mock:::${name}`, ...inputs } };
      },
      // The only question that components ask: which zones there are.
      call: ({ inputs }) => ({ ...inputs, names: ["a", "b", "c"].map((zone) => `${inputs.region}${zone}`) }),
    },
    "data",
    "prod",
  );
  return registered;
}

/** A tree with its outputs' values, and the paths of those that are secret. */
export async function settled(tree: unknown, path = ""): Promise<{ value: unknown; secrets: string[] }> {
  if (pulumi.Output.isInstance(tree)) {
    const [value, secret] = await Promise.all([new Promise((resolve) => tree.apply(resolve)), pulumi.isSecret(tree)]);
    return { value, secrets: secret ? [path] : [] };
  }
  if (tree === null || typeof tree !== "object") return { value: tree, secrets: [] };
  const entries = await Promise.all(
    Object.entries(tree).map(async ([key, inner]) => [key, await settled(inner, `${path}/${key}`)] as const),
  );
  const secrets = entries.flatMap(([, inner]) => inner.secrets);
  if (Array.isArray(tree)) return { value: entries.map(([, { value }]) => value), secrets };
  return { value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])), secrets };
}
