import type { protos } from "@google-cloud/run";
import type { Json, JsonObject } from "../../json";
import type { Field } from "../cloud/wireFields";
import { JOB_FIELDS } from "./jobFields";

/** The overrides of one run in plain text, built only to be sent. */
export interface RunOverrides {
  container?: string;
  args?: string[];
  env: Record<string, string>;
  /** Seconds. */
  timeout?: number;
}

/** A Job in the SDK's form: the SDK reads durations as seconds and nanoseconds, not as the API's own strings. */
export function jobMessage(job: JsonObject): protos.google.cloud.run.v2.IJob {
  return withDurations(job, JOB_FIELDS) as protos.google.cloud.run.v2.IJob;
}

export function runMessage({ container, args, env, timeout }: RunOverrides): protos.google.cloud.run.v2.RunJobRequest.IOverrides {
  return {
    containerOverrides: [
      {
        ...(container === undefined ? {} : { name: container }),
        ...(args === undefined ? {} : { args }),
        env: Object.entries(env).map(([name, value]) => ({ name, value })),
      },
    ],
    ...(timeout === undefined ? {} : { timeout: durationOf(`${timeout}s`) }),
  };
}

function withDurations(value: Json, field: Field | undefined): unknown {
  if (field === "duration") return durationOf(String(value));
  if (field === undefined || typeof field === "string" || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return "list" in field ? value.map((item) => withDurations(item, field.list)) : value;
  if (!("fields" in field)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withDurations(inner, field.fields[key])]));
}

function durationOf(text: string): { seconds: number; nanos: number } {
  const seconds = Number.parseFloat(text);
  return { seconds: Math.floor(seconds), nanos: Math.round((seconds % 1) * 1e9) };
}
