import type { ProviderConnection } from "./providerConnection";
import { rethrowUnlessUnimplemented } from "./replies";

/** The features that a provider supports. */
export interface Features {
  secrets: boolean;
  resources: boolean;
  /** It understands output values in the inputs of a component and in the arguments of a method. */
  outputs: boolean;
  /** It supports create and update in a preview. */
  preview: boolean;
}

/**
 * Introduce engine and provider to each other. The requests are those of Pulumi's engine (recorded).
 * @param attached the provider was running already, so it must be given the engine's address
 * @returns what it supports; `undefined`: it has no handshake, and says so when it is configured
 */
export async function handshaken(
  connection: ProviderConnection,
  { root, attached, engineAddress }: { root: string; attached: boolean; engineAddress: string },
): Promise<Features | undefined> {
  const { provider, plugin, empty } = connection.protocol;
  const request = new provider.ProviderHandshakeRequest();
  request.setEngineAddress(engineAddress);
  if (!attached) request.setRootDirectory(root).setProgramDirectory(root);
  request.setConfigureWithUrn(true).setSupportsViews(true).setSupportsRefreshBeforeUpdate(true).setInvokeWithPreview(true);
  let features: Features | undefined;
  try {
    const response = await connection.call<InstanceType<typeof provider.ProviderHandshakeResponse>>("handshake", request);
    features = {
      secrets: response.getAcceptSecrets(),
      resources: response.getAcceptResources(),
      outputs: response.getAcceptOutputs(),
      preview: true,
    };
  } catch (error) {
    rethrowUnlessUnimplemented(error);
  }
  if (attached) {
    const address = new plugin.PluginAttach();
    address.setAddress(engineAddress);
    await connection.call("attach", address).catch(rethrowUnlessUnimplemented);
  }
  await connection.call("getPluginInfo", new empty.Empty()).catch(rethrowUnlessUnimplemented);
  return features;
}
