import type { Value, ValueObject } from "../../json";
import { POOL_TAG, STACK_TAG } from "../../manifest/cloudNames";
import { UserError } from "../../userError";
import { cleanLabels } from "../cloud/cleanLabels";
import { MAX_LABELS } from "./cloudRunLimits";

/** Labels of one run: they would be wrong on a Job that several runs share. */
const OF_ONE_RUN = ["prefect.io/flow-run-id", "prefect.io/flow-run-name"];

/** The label by which pushpool recognizes its own Jobs. */
export const OURS = { key: "managed-by", value: "pushpool" } as const;

/**
 * The labels of a Job and its executions, in Google's form: lower case, `[a-z0-9_-]`, a letter first, up to 63 characters. Cloud Run copies
 * them to the execution's log entries and to the bill.
 * @param place `stack`: its name in the cloud
 * @returns the labels, and a sentence for each lost one
 * @throws {UserError} if there are more than 64: none is dropped
 */
export function jobLabels(
  labels: Value,
  place: { stack: string; pool: string; ofOneRun: boolean },
): { labels: Record<string, string>; warnings: string[] } {
  const given = Object.entries(labels as ValueObject).filter(([key]) => place.ofOneRun || !OF_ONE_RUN.includes(key));
  const texts = Object.fromEntries(given.map(([key, value]) => [key, String(value)]));
  const made = cleanLabels(texts, (key, value) => [labelKey(key), labelValue(value)], "job_configuration.labels");
  const ours: Record<string, string> = { [OURS.key]: OURS.value, [STACK_TAG]: place.stack, [POOL_TAG]: labelValue(place.pool) };
  const lost = Object.keys(texts).filter((key) => Object.hasOwn(ours, labelKey(key)) && made.labels[labelKey(key)] !== ours[labelKey(key)]);
  const warnings = [
    ...made.warnings,
    ...lost.map((key) => `job_configuration.labels: pushpool sets the label "${key}" itself, so your value is not used`),
  ];
  const all = { ...made.labels, ...ours };
  const count = Object.keys(all).length;
  if (count > MAX_LABELS)
    throw new UserError(`job_configuration.labels: there are ${count} with those of pushpool, but Google Cloud accepts ${MAX_LABELS}`);
  return { labels: all, warnings };
}

/** A key must start with a letter. */
function labelKey(key: string): string {
  const clean = labelValue(key).replace(/^[^a-z]+/, "");
  return clean === "" ? "label" : clean;
}

export function labelValue(value: string): string {
  return value
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .slice(0, 63);
}
