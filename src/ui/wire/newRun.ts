import type { JsonObject } from "./json";
import type { RunRow } from "./runs";

/** A new run, as `pushpool run` takes it. */
export interface NewRunRequest {
  /** `<flow name>/<deployment name>` */
  deployment: string;
  /** @default {} */
  parameters?: JsonObject;
  /** @default {} */
  jobVariables?: JsonObject;
  /** @default [] */
  tags?: string[];
  name?: string;
  idempotencyKey?: string;
  /** Another work pool than the deployment's. */
  workPool?: string;
}

export interface RunCreated {
  run: RunRow;
  /** false: the idempotency key returned an earlier run. */
  created: boolean;
  warnings: string[];
}

export interface RunChecked {
  warnings: string[];
}

export interface RunAnswer {
  run: RunRow;
}
