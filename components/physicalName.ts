import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { StackSource } from "../src/manifest/cloudNames";

/** The current stack: the `source` of a manifest. */
export function thisStack(): StackSource {
  return { project: pulumi.getProject(), stack: pulumi.getStack() };
}

/**
 * Make the name of a cloud resource whose caller must choose one. It is the same at each `up`, and differs between stacks.
 * @param longest what the cloud accepts, in characters
 * @param joint between its words: "_" if the cloud does not accept "-"
 */
export function physicalName(name: string, longest: number, joint: "-" | "_" = "-"): string {
  return uniqueName([pulumi.getProject(), pulumi.getStack(), name], longest, joint);
}

/** The pure part of {@link physicalName}: lower-case letters, digits and joints, beginning with a letter. */
export function uniqueName(path: readonly [project: string, stack: string, name: string], longest: number, joint: "-" | "_"): string {
  const digest = createHash("sha256").update(JSON.stringify(path)).digest("hex").slice(0, 6);
  const words = path[2].toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const readable = words.join(joint).replace(/^(?=[^a-z]|$)/, `p${joint}`);
  const fitting = readable.slice(0, longest - digest.length - 1).replace(/[-_]+$/, "");
  return `${fitting}${joint}${digest}`;
}
