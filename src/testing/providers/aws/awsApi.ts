import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../../json";
import type { FakeAws } from "../../clouds/aws";
import { partitionOf } from "../../clouds/aws/awsWorld";
import { sign } from "../../clouds/aws/signature";
import { CloudApiError, unlessMissing } from "../cloudApi";

/** Calls of AWS' APIs, as the account's owner. */
export interface AwsApi {
  /** An operation of IAM. @returns a function from an element's name to its texts in the reply */
  iam(action: string, parameters?: Record<string, unknown>): Promise<(element: string) => string[]>;
  /** An operation of Parameter Store. */
  ssm(operation: string, body: JsonObject): Promise<JsonObject>;
  /** An operation of Elastic Container Registry. */
  ecr(operation: string, body: JsonObject): Promise<JsonObject>;
  /** Cloud Control, which has most resource types. Models use CloudFormation's property names. */
  create(type: string, model: JsonObject): Promise<{ identifier: string; model: JsonObject }>;
  get(type: string, identifier: string): Promise<JsonObject | undefined>;
  /** @param readOnly properties that the caller cannot set */
  update(type: string, identifier: string, model: JsonObject, readOnly: readonly string[]): Promise<void>;
  /** If it does not exist, nothing happens. */
  remove(type: string, identifier: string): Promise<void>;
  arn(service: string, what: string): string;
}

const IAM_REGIONS: Record<string, string> = { aws: "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1" };

export function awsApi({ url, region, account, ownerKey }: Pick<FakeAws, "url" | "region" | "account" | "ownerKey">): AwsApi {
  const partition = partitionOf(region);

  async function send(service: string, signedFor: string, headers: Record<string, string>, body: string): Promise<string> {
    const request = { path: "/", headers: { host: new URL(url).host, ...headers }, body };
    const { host: _, ...signed } = sign(request, ownerKey, { region: signedFor, service });
    const response = await fetch(url, { method: "POST", headers: signed, body });
    const text = await response.text();
    if (response.ok) return text;
    const code = /"__type":"([^"]*)"|<Code>([^<]*)</.exec(text);
    const message = /"message":"((?:[^"\\]|\\.)*)"|<Message>([^<]*)</.exec(text);
    const name = code?.[1] ?? code?.[2] ?? "";
    throw new CloudApiError(response.status, name, `${name}: ${plain(message?.[1] ?? message?.[2] ?? "")}`);
  }

  async function json(service: string, target: string, body: JsonObject): Promise<JsonObject> {
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
    return JSON.parse((await send(service, region, headers, JSON.stringify(body))) || "{}") as JsonObject;
  }

  const control = (operation: string, body: JsonObject) => json("cloudcontrolapi", `CloudApiService.${operation}`, body);

  /** Send a request to Cloud Control, and wait until it is done. */
  async function done(operation: string, body: JsonObject): Promise<JsonObject> {
    let { ProgressEvent: event } = (await control(operation, body)) as { ProgressEvent: JsonObject };
    while (event.OperationStatus === "IN_PROGRESS") {
      const { RequestToken } = event;
      ({ ProgressEvent: event } = (await control("GetResourceRequestStatus", { RequestToken: RequestToken ?? "" })) as {
        ProgressEvent: JsonObject;
      });
    }
    if (event.OperationStatus === "SUCCESS") return event;
    throw new CloudApiError(400, String(event.ErrorCode), `${event.ErrorCode}: ${event.StatusMessage}`);
  }

  const get = async (type: string, identifier: string) => {
    const found = await unlessMissing(control("GetResource", { TypeName: type, Identifier: identifier }), /^ResourceNotFoundException$/);
    return found && (JSON.parse(String((found.ResourceDescription as JsonObject).Properties)) as JsonObject);
  };

  return {
    arn: (service, what) => `arn:${partition}:${service}:${region}:${account}:${what}`,
    iam: async (action, parameters = {}) => {
      const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
      const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
      const form = new URLSearchParams({ Action: action, Version: "2010-05-08", ...given });
      const xml = await send("iam", IAM_REGIONS[partition] ?? region, headers, form.toString());
      return (element) => [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, text = ""]) => plain(text));
    },
    ssm: (operation, body) => json("ssm", `AmazonSSM.${operation}`, body),
    ecr: (operation, body) => json("ecr", `AmazonEC2ContainerRegistry_V20150921.${operation}`, body),
    create: async (type, model) => {
      const event = await done("CreateResource", { TypeName: type, DesiredState: JSON.stringify(model) });
      return { identifier: String(event.Identifier), model: JSON.parse(String(event.ResourceModel ?? "{}")) as JsonObject };
    },
    get,
    update: async (type, identifier, model, readOnly) => {
      const before = (await get(type, identifier)) ?? {};
      const own = Object.keys(before).filter((name) => !readOnly.includes(name));
      const patch = [
        ...own.filter((name) => model[name] === undefined).map((name) => ({ op: "remove", path: `/${name}` })),
        ...Object.entries(model)
          .filter(([name, value]) => !isDeepStrictEqual(before[name], value))
          .map(([name, value]) => ({ op: "add", path: `/${name}`, value })),
      ];
      if (patch.length > 0) await done("UpdateResource", { TypeName: type, Identifier: identifier, PatchDocument: JSON.stringify(patch) });
    },
    remove: async (type, identifier) => {
      await unlessMissing(done("DeleteResource", { TypeName: type, Identifier: identifier }), /NotFound/);
    },
  };
}

function plain(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&").replaceAll('\\"', '"');
}
