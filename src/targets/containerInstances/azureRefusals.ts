import type { UserError } from "../../userError";
import { refusalOf } from "../cloud/refusal";
import type { AzureFailure, AzureKind } from "./azureFailures";
import { remedy } from "./azurePermissions";

/** The caller. */
export interface Caller {
  /** Of the pool's application; absent: the caller's own login. */
  clientId?: string;
  /** Work pool name. */
  pool: string;
}

/** The user's message after a call failed for good: exit code 5. @param what the work, such as "submitting the run" */
export function refusal(what: string, failure: AzureFailure, { clientId, pool }: Caller): UserError {
  const as = clientId === undefined ? "your own Azure login" : `application ${clientId}`;
  const renew = `give the credentials block of work pool "${pool}" a new client_secret. If the stack made it, give ContainerInstancePushPool another secretVersion, and run \`pushpool up\``;
  const mend = (why: string) => remedy(why, clientId === undefined);
  return refusalOf<AzureKind>(what, failure, {
    cloud: "Azure",
    as,
    remedy: mend,
    sentences: {
      // Azure's words end with a full stop.
      denied: (_, why) => `${what}: access denied for ${as}: ${mend(why) === "" ? why : why.replace(/\.$/, "")}${mend(why)}`,
      unauthenticated: (_, why, { details: { advice } }) => {
        if (advice !== undefined)
          return `${what}: Microsoft Entra does not let this process act as ${as}: ${why.replace(/\.$/, "")}${advice}`;
        if (/CredentialUnavailable|failed to retrieve a token from the included credentials|Please run 'az login'/i.test(why))
          return `${what}: there is no Azure login here: log in with \`az login\`, or give the work pool a credentials block: ${why}`;
        if (/7000215/.test(why)) return `${what}: the client_secret of ${as} is wrong: ${renew}: ${why}`;
        return `${what}: Azure does not accept ${as}; it may be deleted, disabled or of another tenant: ${why}`;
      },
      expired: (_, why) => `${what}: the client_secret of ${as} has expired: ${renew}: ${why}`,
      tenant: (_, why) => `${what}: there is no such tenant: check "tenant_id" of work pool "${pool}"'s credentials block: ${why}`,
      capacity: (_, why) =>
        /quota/i.test(why)
          ? `${what}: a quota of the subscription is used up, and nothing was started: lower the pool's concurrencyLimit, or ask Azure for more (https://aka.ms/acicapacity): ${why}`
          : `${what}: the region has no capacity for it at the moment, and nothing was started: ask for less CPU and memory, or name another location in the template: ${why}`,
      unregistered: (_, why) =>
        `${what}: the subscription is not registered for Container Instances: run \`az provider register --namespace Microsoft.ContainerInstance\`, wait two minutes, and try again: ${why}`,
      policy: (_, why) =>
        `${what}: a policy of your organization forbids it: change the job variables or the template to what it allows, or have its administrator change it: ${why}`,
      lock: (_, why) => `${what}: a lock on the resource group forbids it: have an administrator remove the lock: ${why}`,
      image: (_, why) =>
        `${what}: Azure cannot read the image: check its name, and for a private registry the job variables image_registry and identities (the identity needs the role AcrPull): ${why}`,
      pull: (_, why) =>
        `${what}: Azure cannot read the image with the managed identity: check the image's name, and that the identity has the role AcrPull on the registry: ${why}`,
      registry: (_, why) =>
        `${what}: the registry of the image does not answer Azure: log in to it by image_registry, or copy the image to an Azure container registry: ${why}`,
      transitioning: (_, why) => `${what}: an earlier operation on its container group has not finished yet: ${why}`,
      subscription: (_, why) =>
        `${what}: ${as} sees no such subscription: check the job variable "subscription_id", and that it is of the login's tenant: ${why}`,
      missing: (_, why) =>
        /resource group '[^']*' could not be found/i.test(why)
          ? `${what}: there is no such resource group: check the job variable "resource_group_name": ${why}`
          : undefined,
    },
  });
}
