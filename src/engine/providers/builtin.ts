import type { HostedProvider } from "../hostedProvider";
import { holdsSecret, type Properties } from "../propertyWire";
import { ProviderError } from "../provider";

/** The package whose resources the engine itself provides. */
export const BUILTIN = "pulumi";

/**
 * The provider of the engine's only own resource: `pulumi:pulumi:StackReference`, which reads the outputs of another stack.
 * @param outputsOf gives the outputs of a stack by its name (`stack`, `project/stack`, `organization/project/stack`), secrets marked;
 * `undefined` if it was never deployed
 */
export function builtinProvider(outputsOf: (stack: string) => Promise<Properties | undefined>): HostedProvider {
  const refuse = async (): Promise<never> => {
    throw new ProviderError("a pulumi:pulumi:StackReference can only be read, not created");
  };
  return {
    checkConfig: async ({ news }) => ({ inputs: news, failures: [] }),
    diffConfig: async () => ({ changes: "unknown", replaces: [], diffs: [], deleteBeforeReplace: false }),
    configure: async () => {},
    check: async ({ news }) => ({ inputs: news, failures: [] }),
    diff: async () => ({ changes: "unknown", replaces: [], diffs: [], deleteBeforeReplace: false }),
    create: refuse,
    update: refuse,
    delete: async () => {},
    read: async ({ id, inputs }) => {
      const outputs = await outputsOf(id);
      if (!outputs) throw new ProviderError(`unknown stack "${id}"`);
      const secretOutputNames = Object.keys(outputs).filter((name) => holdsSecret(outputs[name]));
      return { id, inputs, outputs: { name: id, outputs, secretOutputNames }, initErrors: [] };
    },
    invoke: async (token) => {
      throw new ProviderError(`the offline engine does not support ${token} yet: use --engine pulumi for this program`);
    },
    construct: refuse,
    call: refuse,
    schema: async () => undefined,
    cancel: async () => {},
  };
}
