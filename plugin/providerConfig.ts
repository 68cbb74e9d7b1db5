import { secretOf } from "../src/engine/propertyWire";
import type { JsonObject } from "../src/json";
import { upgradeHint } from "../src/origin";
import type { CheckFailure } from "../src/provider/operations";
import { quoted } from "../src/shown";
import { UNKNOWN } from "../src/unknown";
import { plainOf } from "./wireValues";

/** Check the configuration of an explicit provider, and mark its keys as secrets. Like `prefect.Connection` in TypeScript. */
export function checkedConfig(news: JsonObject): { inputs: JsonObject; failures: CheckFailure[] } {
  const { tree } = plainOf(news);
  const { apiUrl, apiKey, authString } = tree;
  const failures: CheckFailure[] = [];
  if (apiKey !== undefined && authString !== undefined)
    failures.push({ property: "authString", reason: "apiKey and authString cannot both be given: leave one of them out" });
  if (apiUrl !== undefined && apiUrl !== UNKNOWN && !(typeof apiUrl === "string" && /^https?:\/\//.test(apiUrl)))
    failures.push({
      property: "apiUrl",
      reason: `apiUrl must begin with http:// or https://, for example http://HOST:4200/api, not ${quoted(apiUrl)}`,
    });
  const secrets = Object.fromEntries(
    Object.entries({ apiKey, authString }).flatMap(([key, value]) => (value === undefined ? [] : [[key, secretOf(value)]])),
  );
  return { inputs: { ...news, ...secrets }, failures };
}

/**
 * What is wrong if a program's SDK was generated from another version of this package. A later minor version may have new arguments.
 * @param wanted by the program, if it says so
 * @returns `undefined` if they fit
 */
export function versionFault(wanted: unknown, installed: string): string | undefined {
  const parts = (version: string) => version.replace(/^v/, "").split(".").slice(0, 2).join(".");
  if (typeof wanted !== "string" || wanted === "" || parts(wanted) === parts(installed)) return undefined;
  return `this program's SDK is of pushpool ${wanted}, but pushpool ${installed} is installed: make the SDK again with \`pulumi package add\`, or install that of node_modules/pushpool/lib/sdk/python again, or ${upgradeHint()}`;
}
