import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { StackSource } from "../src/manifest/cloudNames";

/** The stack that is being brought up: a manifest's `source`. */
export function thisStack(): StackSource {
  return { project: pulumi.getProject(), stack: pulumi.getStack() };
}

/**
 * An id for a thing that a cloud has by a name of the caller's choice: the same at each `up`, another for each stack.
 * @param longest what the cloud takes, in characters
 * @param joint between its words: "_" where it takes no "-"
 */
export function physicalName(name: string, longest: number, joint: "-" | "_" = "-"): string {
  return uniqueName([pulumi.getProject(), pulumi.getStack(), name], longest, joint);
}

/** Lower case, digits and joints; it begins with a letter. The pure part of {@link physicalName}. */
export function uniqueName(path: readonly [project: string, stack: string, name: string], longest: number, joint: "-" | "_"): string {
  const digest = createHash("sha256").update(JSON.stringify(path)).digest("hex").slice(0, 6);
  const words = path[2].toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const readable = words.join(joint).replace(/^(?=[^a-z]|$)/, `p${joint}`);
  const fitting = readable.slice(0, longest - digest.length - 1).replace(/[-_]+$/, "");
  return `${fitting}${joint}${digest}`;
}
