import * as pulumi from "@pulumi/pulumi";

/** Run components without an engine: every resource is as declared. @returns the names of registered resources, in order */
export function mockPulumi(): string[] {
  const registered: string[] = [];
  pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => {
        registered.push(name);
        return { id: `${name}-id`, state: { name, arn: `arn:aws:mock:::${name}`, ...inputs } };
      },
      // Components ask only for the zones.
      call: ({ inputs }) => ({ ...inputs, names: ["a", "b", "c"].map((zone) => `${inputs.region}${zone}`) }),
    },
    "data",
    "prod",
  );
  return registered;
}

/** A tree with the values of its outputs, and the paths of the secret ones. */
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
