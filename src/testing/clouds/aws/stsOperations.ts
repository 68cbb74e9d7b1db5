import type { QueryOperation } from "./query";

export const STS_OPERATIONS: Record<string, QueryOperation> = {
  // Nobody needs a permission for it.
  GetCallerIdentity: ({ world, principal }) =>
    `<Arn>${principal.arn}</Arn><UserId>AIDAFAKE</UserId><Account>${world.options.account}</Account>`,
};
