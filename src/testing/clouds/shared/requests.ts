import type { JsonObject } from "../../../json";
import type { CloudError } from "./exchange";

/** What a request asks for: by its verb and its path. */
interface Routed {
  verb: string;
  pattern: RegExp;
}

/** The operation of a request, and the parts of the path that its pattern names; `undefined`: there is none. */
export function operationOf<Operation extends Routed>(
  operations: readonly Operation[],
  verb: string,
  pathname: string,
): { operation: Operation; path: Record<string, string> } | undefined {
  for (const operation of operations) {
    const match = operation.verb === verb ? operation.pattern.exec(pathname) : null;
    if (match) return { operation, path: { ...match.groups } };
  }
  return undefined;
}

/** A request's body; an empty one is an empty object. @param invalid the cloud's error for a body that is not JSON */
export function bodyOf(text: string, invalid: (why: string) => CloudError): JsonObject {
  try {
    return text === "" ? {} : (JSON.parse(text) as JsonObject);
  } catch (error) {
    throw invalid((error as Error).message);
  }
}
