import type { JsonObject } from "../../../json";
import type { Principal } from "./awsIam";
import type { Bucket } from "./awsOptions";
import type { World } from "./awsWorld";

/** A call, as its handler gets it. */
export interface Call {
  world: World;
  principal: Principal;
  body: JsonObject;
}

/** One operation of an AWS service. */
export interface Operation {
  /** Its name in IAM: `ecs:RunTask`. */
  action: string;
  /** The request's and the reply's shape in the SDK's description of the service. @default they are not checked */
  shapes?: { request: string; reply: string };
  buckets?: (body: JsonObject) => Bucket[];
  handle(call: Call): JsonObject;
}
