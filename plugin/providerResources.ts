import type { JsonObject } from "../src/json";
import { isJsonObject } from "../src/json";
import { dispatch } from "../src/provider/dispatch";
import type { CheckFailure, Operations } from "../src/provider/operations";
import { UNKNOWN } from "../src/unknown";
import { UserError } from "../src/userError";
import { setExplicitPrefect } from "./explicitPrefect";
import { givenFaults, type Kind, registeredInputs, secretOutputs } from "./resourceInputs";
import { plainOf, wireOf } from "./wireValues";

const KINDS: readonly Kind[] = ["FlowRun", "KeyProof", "PrefectAutomation", "PrefectBlock", "PrefectDeployment", "PrefectWorkPool"];

/**
 * The resources of this provider: those that are dynamic resources in a TypeScript program. The same code does the work. There, everything
 * arrives in plain text; here secrets are marked on the wire, so these methods read and write the marks.
 */
export class Resources {
  #config: Record<string, string> = {};
  /** The kinds that have the configuration. */
  readonly #configured = new Map<Kind, Promise<unknown>>();

  /** @param config of the provider: `apiUrl`, and `apiKey` or `authString` */
  configure({ apiUrl, apiKey, authString }: JsonObject): void {
    const auth = authString ?? apiKey;
    this.#config = {
      ...(typeof apiUrl === "string" ? { "prefect:apiUrl": apiUrl } : {}),
      ...(typeof auth === "string" ? { "prefect:auth": auth } : {}),
    };
    this.#configured.clear();
    const isKnown = typeof apiUrl === "string" && apiUrl !== UNKNOWN;
    setExplicitPrefect(isKnown ? { apiUrl, ...(typeof auth === "string" ? { auth } : {}) } : undefined);
  }

  async check(urn: string, olds: JsonObject, news: JsonObject): Promise<{ inputs: JsonObject; failures: CheckFailure[] }> {
    const kind = kindOf(urn);
    const given = plainOf(news);
    const faults = givenFaults(kind, given);
    if (faults.length > 0) return { inputs: news, failures: faults };
    const { tree, secrets } = registeredInputs(kind, urn, given);
    const checked = await this.#call<Awaited<ReturnType<Operations["check"]>>>(kind, "check", [plainOf(olds).tree, tree]);
    return { inputs: wireOf(checked.inputs, secrets), failures: checked.failures };
  }

  async diff(urn: string, id: string, olds: JsonObject, news: JsonObject) {
    const [before, now] = [plainOf(olds).tree, plainOf(news).tree];
    return this.#call<Awaited<ReturnType<Operations["diff"]>>>(kindOf(urn), "diff", [id, before, now]);
  }

  async create(urn: string, inputs: JsonObject): Promise<{ id: string; outputs: JsonObject }> {
    const kind = kindOf(urn);
    const { tree, secrets } = plainOf(inputs);
    const { id, outs } = await this.#working<Awaited<ReturnType<Operations["create"]>>>(kind, "create", [tree], secrets);
    return { id, outputs: wireOf(outs as JsonObject, secretOutputs(kind, secrets)) };
  }

  /** @returns no id if the resource is gone */
  async read(urn: string, id: string, outputs: JsonObject): Promise<{ id: string; outputs: JsonObject }> {
    const kind = kindOf(urn);
    const { tree, secrets } = plainOf(outputs);
    if (Object.keys(tree).length === 0) throw new UserError(cannotImport(kind, id));
    const read = await this.#call<Awaited<ReturnType<Operations["read"]>>>(kind, "read", [id, tree]);
    return { id: read.id ?? "", outputs: wireOf((read.props ?? {}) as JsonObject, secretOutputs(kind, secrets)) };
  }

  async update(urn: string, id: string, olds: JsonObject, news: JsonObject): Promise<{ outputs: JsonObject }> {
    const kind = kindOf(urn);
    const { tree, secrets } = plainOf(news);
    const args = [id, plainOf(olds).tree, tree];
    const { outs } = await this.#working<Awaited<ReturnType<Operations["update"]>>>(kind, "update", args, secrets);
    return { outputs: wireOf(outs as JsonObject, secretOutputs(kind, secrets)) };
  }

  async delete(urn: string, id: string, outputs: JsonObject): Promise<void> {
    await this.#call(kindOf(urn), "delete", [id, plainOf(outputs).tree]);
  }

  async #call<Result>(kind: Kind, op: keyof Operations, args: unknown[]): Promise<Result> {
    let configured = this.#configured.get(kind);
    if (!configured) {
      configured = this.#configure(kind);
      this.#configured.set(kind, configured);
    }
    await configured;
    return (await dispatch({ v: 1, kind, op, args })) as Result;
  }

  async #configure(kind: Kind): Promise<void> {
    const get = (key: string) => this.#config[key];
    const require = (key: string) => {
      const value = get(key);
      if (value === undefined) throw new UserError(`the provider has no ${key}`);
      return value;
    };
    await dispatch({ v: 1, kind, op: "configure", args: [{ config: { get, require } }] });
  }

  /** The same for a call that may leave a resource that exists but is not ready. Its outputs are in the error. */
  async #working<Result>(kind: Kind, op: keyof Operations, args: unknown[], secrets: readonly string[]): Promise<Result> {
    try {
      return await this.#call(kind, op, args);
    } catch (error) {
      const partial = error as { properties?: unknown };
      if (isJsonObject(partial.properties)) partial.properties = wireOf(partial.properties, secretOutputs(kind, secrets));
      throw error;
    }
  }
}

/** @throws {UserError} for a resource of another version */
function kindOf(urn: string): Kind {
  const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const kind = KINDS.find((one) => token === `pushpool:index:${one}`);
  if (!kind) throw new UserError(`this pushpool has no resource ${token}`);
  return kind;
}

function cannotImport(kind: Kind, id: string): string {
  const instead =
    kind === "FlowRun"
      ? "a flow run belongs to the `up` that started it"
      : `declare it with adoptExisting, which takes an existing one over`;
  return `a ${kind} cannot be imported or read by its id ${id}: ${instead}`;
}
