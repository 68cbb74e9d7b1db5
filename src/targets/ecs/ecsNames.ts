import { hash } from "node:crypto";
import { canonicalJson } from "../../canonicalJson";
import type { Json } from "../../json";
import { UserError } from "../../userError";
import { cleanLabels } from "../cloud/cleanLabels";

/** The tag with the digest of a task definition that pushpool registered. */
export const SHAPE_TAG = "pushpool-shape";

export function digestOf(value: Json): string {
  return hash("sha256", canonicalJson(value), "hex").slice(0, 32);
}

/** The token by which ECS recognizes a repeated `RunTask` (at most 64 characters; ECS remembers it for up to 24 h). */
export function clientToken(runId: string, attempt: number): string {
  return hash("sha256", `${runId}/${attempt}`, "hex");
}

/** The tasks of an attempt are listed by this: letters, digits, `/ _ -`, up to 128. */
export function startedBy(runId: string, attempt: number): string {
  return `pushpool/${runId.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 100)}/${attempt}`;
}

/** Names of families have letters, digits, `_ -`, up to 255. */
export function familyName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]+/g, "-").slice(0, 255);
}

/**
 * Labels as tags, converted as in Prefect's worker. Letters, digits and `_ . / = + : @ -` stay; other characters become a dash.
 *
 * Several dashes become one, and those at the ends are removed. A key has at most 128 characters, a value 256. A label with an empty key is
 * dropped: AWS accepts no tag without a key.
 * @param labels the weakest first: of two that become equal, the last is kept
 * @param path of the labels, for messages
 * @returns the tags, and a sentence for each lost label
 * @throws {UserError} for more than 50 tags, or a key that AWS reserves
 */
export function tagsOf(labels: Record<string, string>, path: string): { tags: { key: string; value: string }[]; warnings: string[] } {
  const { labels: clean, warnings } = cleanLabels(labels, (key, value) => [slug(key, 128), slug(value, 256)], path);
  const tags = Object.entries(clean).map(([key, value]) => ({ key, value }));
  if (tags.length > 50) throw new UserError(`${path}: ECS accepts 50 tags, not ${tags.length}`);
  for (const { key } of tags) if (/^aws:/i.test(key)) throw new UserError(`${path}.${key}: AWS reserves names that begin with "aws:"`);
  return { tags, warnings };
}

/** As in python-slugify with Prefect's pattern. */
function slug(text: string, longest: number): string {
  const clean = text
    .normalize("NFKC")
    .replaceAll(/(?<=\d),(?=\d)/g, "")
    .replaceAll(/[^a-zA-Z0-9_./=+:@-]+/g, "-")
    .replaceAll(/-{2,}/g, "-");
  return clean.replace(/^-/, "").slice(0, longest).replace(/-$/, "");
}

/** The target's infrastructure id, and the `infrastructure_pid` of Prefect's worker: cluster and task ARN. */
export interface TaskName {
  cluster: string;
  task: string;
}

export function formatId({ cluster, task }: TaskName): string {
  return `${cluster}::${task}`;
}

/** @throws {Error} if the id is not this target's */
export function parseId(id: string): TaskName {
  const [cluster, task, ...rest] = id.split("::");
  if (!cluster || !task || rest.length > 0) throw new Error(`"${id}" is not the id of an ECS task`);
  return { cluster, task };
}

/** The last part of a task's ARN. */
export function taskIdOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** `arn:<partition>:<service>:<region>:…`; partitions are aws, aws-cn, aws-us-gov and others. */
export function regionOfArn(arn: string): string | undefined {
  return /^arn:[^:]+:[^:]+:([^:]*):/.exec(arn)?.[1] || undefined;
}
