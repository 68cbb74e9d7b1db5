import type * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { JsonObject } from "../../src/json";
import { type Plugin, protocol, structOf } from "./startPlugin";

const { CheckRequest, CreateRequest, DeleteRequest, DiffRequest, ReadRequest, UpdateRequest } = protocol.provider;
const propertiesOf = (struct: { toJavaScript(): object } | undefined) => (struct?.toJavaScript() ?? {}) as JsonObject;

/** One custom resource of a stack: its state, and the calls that Pulumi's engine makes for it. */
export class PluginResource {
  readonly urn: string;
  id = "";
  /** As on the wire: secrets are marked. */
  inputs: JsonObject = {};
  outputs: JsonObject = {};

  constructor(
    private readonly plugin: Plugin,
    type: string,
    name: string,
  ) {
    this.urn = `urn:pulumi:dev::py::pushpool:index:${type}::${name}`;
  }

  /** Like `up` with these inputs. @returns what was done, and for an update which properties differ */
  async up(given: JsonObject): Promise<string> {
    const news = await this.check(given);
    if (this.id === "") return this.#create(news);
    const { change, replaces, deleteBeforeReplace } = await this.diff(news);
    if (change === "none") return "unchanged";
    if (replaces.length === 0) {
      const request = new UpdateRequest().setUrn(this.urn).setId(this.id).setOldInputs(structOf(this.inputs));
      request.setOlds(structOf(this.outputs)).setNews(structOf(news));
      const updated = await this.#ask<provider.UpdateResponse>("update", request);
      this.outputs = propertiesOf(updated.getProperties());
      this.inputs = news;
      return `updated ${change}`;
    }
    const former = { id: this.id, outputs: this.outputs };
    if (deleteBeforeReplace) await this.#delete(former);
    await this.#create(news);
    if (!deleteBeforeReplace) await this.#delete(former);
    return `replaced by ${replaces.join()}`;
  }

  /** @throws if an input is wrong, with its reason */
  async check(given: JsonObject): Promise<JsonObject> {
    const request = new CheckRequest().setUrn(this.urn).setOlds(structOf(this.inputs)).setNews(structOf(given));
    const response = await this.#ask<provider.CheckResponse>("check", request);
    const reasons = response.getFailuresList().map((failure) => failure.getReason());
    if (reasons.length > 0) throw new Error(reasons.join("\n"));
    return propertiesOf(response.getInputs());
  }

  async diff(news: JsonObject): Promise<{ change: string; replaces: string[]; deleteBeforeReplace: boolean }> {
    const request = new DiffRequest().setUrn(this.urn).setId(this.id).setOldInputs(structOf(this.inputs));
    request.setOlds(structOf(this.outputs)).setNews(structOf(news));
    const response = await this.#ask<provider.DiffResponse>("diff", request);
    const differs = response.getChanges() === protocol.provider.DiffResponse.DiffChanges.DIFF_SOME;
    return {
      change: differs ? response.getDiffsList().join() : "none",
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
    };
  }

  /** Like `refresh`. @returns whether it still exists */
  async refresh(): Promise<boolean> {
    const request = new ReadRequest().setUrn(this.urn).setId(this.id).setInputs(structOf(this.inputs));
    const response = await this.#ask<provider.ReadResponse>("read", request.setProperties(structOf(this.outputs)));
    this.id = response.getId();
    this.outputs = propertiesOf(response.getProperties());
    return this.id !== "";
  }

  async destroy(): Promise<void> {
    await this.#delete(this);
    Object.assign(this, { id: "", inputs: {}, outputs: {} });
  }

  async #create(news: JsonObject): Promise<string> {
    const request = new CreateRequest().setUrn(this.urn).setProperties(structOf(news));
    const response = await this.#ask<provider.CreateResponse>("create", request);
    this.id = response.getId();
    this.outputs = propertiesOf(response.getProperties());
    this.inputs = news;
    return "created";
  }

  async #delete({ id, outputs }: { id: string; outputs: JsonObject }): Promise<void> {
    await this.#ask("delete", new DeleteRequest().setUrn(this.urn).setId(id).setProperties(structOf(outputs)));
  }

  async #ask<Response>(method: string, request: unknown): Promise<Response> {
    const { error, response } = await this.plugin.call<Response>(method, request);
    if (error !== undefined) throw new Error(error);
    return response;
  }
}
