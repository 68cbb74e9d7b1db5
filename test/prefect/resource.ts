import type { JsonObject } from "../../src/json";
import { type DispatchCall, dispatch } from "../../src/provider";

/** One resource of a stack without Pulumi's engine: its state, and what an `up` does with new inputs. */
export class Resource {
  id: string | undefined;
  outputs: JsonObject = {};

  constructor(readonly kind: DispatchCall["kind"]) {}

  /** Like `pulumi up` with these inputs. @returns what was done */
  async up(inputs: JsonObject): Promise<"created" | "updated" | "replaced" | "unchanged"> {
    const { inputs: news, failures } = (await this.call("check", [this.outputs, inputs])) as {
      inputs: JsonObject;
      failures: { reason: string }[];
    };
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("\n"));
    if (this.id === undefined) {
      await this.#create(news);
      return "created";
    }
    const diff = (await this.call("diff", [this.id, this.outputs, news])) as {
      changes: boolean;
      replaces?: string[];
      deleteBeforeReplace?: boolean;
    };
    if (!diff.changes) return "unchanged";
    if ((diff.replaces ?? []).length > 0) {
      const [id, outputs] = [this.id, this.outputs];
      if (diff.deleteBeforeReplace) await this.call("delete", [id, outputs]);
      await this.#create(news);
      if (!diff.deleteBeforeReplace) await this.call("delete", [id, outputs]);
      return "replaced";
    }
    this.outputs = ((await this.call("update", [this.id, this.outputs, news])) as { outs: JsonObject }).outs;
    return "updated";
  }

  /** Like `pulumi refresh`. @returns whether it still exists */
  async refresh(): Promise<boolean> {
    const { id, props } = (await this.call("read", [this.id, this.outputs])) as { id?: string; props?: JsonObject };
    this.id = id;
    this.outputs = props ?? {};
    return id !== undefined;
  }

  async destroy(): Promise<void> {
    if (this.id !== undefined) await this.call("delete", [this.id, this.outputs]);
    this.id = undefined;
    this.outputs = {};
  }

  call(op: DispatchCall["op"], args: unknown[]): Promise<unknown> {
    // The engine also passes copies of its state.
    return dispatch({ v: 1, kind: this.kind, op, args: structuredClone(args) });
  }

  async #create(inputs: JsonObject): Promise<void> {
    const { id, outs } = (await this.call("create", [inputs])) as { id: string; outs: JsonObject };
    this.id = id;
    this.outputs = outs;
  }
}

/** Give this process's resources their connection, like an explicit provider. */
export async function connectResources(settings: { apiUrl?: string; auth?: string }): Promise<void> {
  const config = { get: (key: string) => settings[key.replace("prefect:", "") as keyof typeof settings], require: () => "" };
  // Not cloned: a config has functions.
  for (const kind of ["PrefectBlock", "PrefectWorkPool", "PrefectDeployment", "PrefectAutomation"] as const)
    await dispatch({ v: 1, kind, op: "configure", args: [{ config }] });
}
