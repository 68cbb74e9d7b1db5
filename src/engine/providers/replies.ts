import type { CallResponse, CheckResponse, DiffResponse, InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { type CheckFailure, type Diff, PROPERTY_CHANGES, ProviderError } from "../provider";

/** Reads the replies of a provider. */

/** The answer of a provider that cannot compare. */
export const UNKNOWN_DIFF: Diff = { changes: "unknown", replaces: [], diffs: [], deleteBeforeReplace: false };

/** A provider need not have every method. */
export function rethrowUnlessUnimplemented(error: unknown): void {
  if (!(error instanceof ProviderError && error.unimplemented)) throw error;
}

export function failuresOf(response: CheckResponse | InvokeResponse | CallResponse): CheckFailure[] {
  return response.getFailuresList().map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

const CHANGES = ["unknown", "none", "some"] as const;

export function diffOf(response: DiffResponse): Diff {
  const detailed: NonNullable<Diff["detailed"]> = {};
  response.getDetaileddiffMap().forEach((entry, path) => {
    detailed[path] = { kind: PROPERTY_CHANGES[entry.getKind()] ?? "update", input: entry.getInputdiff() };
  });
  return {
    changes: CHANGES[response.getChanges()] ?? "unknown",
    replaces: response.getReplacesList(),
    diffs: response.getDiffsList(),
    ...(response.getHasdetaileddiff() ? { detailed } : {}),
    deleteBeforeReplace: response.getDeletebeforereplace(),
  };
}
