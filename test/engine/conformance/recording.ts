import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type Json, type JsonObject } from "../../../src/json";

export const recordings = join(__dirname, "..", "..", "fixtures", "engine-traces");

/** [event, op, urn, what differs]; event: "pre", "outputs" or "failed". */
export type RecordedEvent = [string, string, string, JsonObject?];

/** What Pulumi's engine did at one step of a scenario, in the short forms of `shortForms`. */
export interface RecordedStep {
  label: string;
  dir?: string;
  stack: string;
  program: string;
  config?: Record<string, Json>;
  planted?: Record<string, JsonObject | null>;
  env?: Record<string, string>;
  command: string;
  exitCode: number;
  changes: JsonObject;
  outputs: JsonObject;
  /** Absent: the same as `outputs`. */
  secrets?: JsonObject;
  errors: string[];
  events: RecordedEvent[];
  /** In the order in which they started. */
  calls: [string, JsonObject][];
  /** For a step that failed: the position of each call in the order of their ends; null if the call never ended. */
  ends?: (number | null)[];
  /** Absent: the same as after the step before. */
  state?: JsonObject[];
}

export interface Recording {
  scenario: string;
  shows: string;
  env?: Record<string, string>;
  attach?: boolean;
  steps: RecordedStep[];
}

export function readRecording(scenario: string): Recording {
  return JSON.parse(readFileSync(join(recordings, scenario, "recording.json"), "utf8")) as Recording;
}

export function scenarios(): string[] {
  return readdirSync(recordings).filter((name) => existsSync(join(recordings, name, "recording.json")));
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
// The sentinels for unknown values are UUIDs too, and stay as they are.
const UUID = /(?!04da6b54|3eeb2bf0|6a19a0b0|030794c1|e48ece36|dd056dcd)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * The short forms of the recordings: `~` for the URN prefix, {"$": value} for a secret, one mark for every UUID, a number for the source of
 * a dynamic provider.
 */
export function shortForms(): (value: Json) => Json {
  const texts = new Map<string, number>();
  const short = (value: Json): Json => {
    if (typeof value === "string") {
      if (value.startsWith("exports.handler = ")) {
        if (!texts.has(value)) texts.set(value, texts.size + 1);
        return `<dynamic-provider-source-${texts.get(value)}>`;
      }
      return value.replaceAll("urn:pulumi:dev::conf::", "~").replaceAll(UUID, "<uuid>");
    }
    if (Array.isArray(value)) return value.map(short);
    if (!isJsonObject(value)) return value;
    if (value[SIGNATURE] === SECRET) return { $: short(value.value ?? null) };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, short(inner)]));
  };
  return short;
}
