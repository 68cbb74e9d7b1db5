import type { Output } from "@pulumi/pulumi";

let explicit: { apiUrl: string; auth?: string } | undefined;

/** Remember the Prefect API of this provider's configuration; `undefined` if it has none. */
export function setExplicitPrefect(to: { apiUrl: string; auth?: string } | undefined): void {
  explicit = to;
}

/** The Prefect API of this provider's configuration, for a manifest. */
export function explicitPrefect(): { apiUrl: Output<string>; auth: Output<string> | undefined } | undefined {
  if (!explicit) return undefined;
  const pulumi = require("@pulumi/pulumi") as typeof import("@pulumi/pulumi");
  const { apiUrl, auth } = explicit;
  return { apiUrl: pulumi.output(apiUrl), auth: auth === undefined ? undefined : pulumi.secret(auth) };
}
