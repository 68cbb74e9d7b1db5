import type { Json, JsonObject, ValueObject } from "../json";
import type { InfrastructureId } from "./target";

/** A call that a submission makes, in the cloud's own words. */
export interface SentRequest {
  /** The operation's name in the cloud's API, such as `RunTask`. */
  call: string;
  body: Json;
}

/** What a console's address depends on, besides the infrastructure. */
export interface ConsolePlace {
  /** Data of the pool's credentials block, with secrets wrapped; empty without one. */
  credentials: ValueObject;
}

/** How one kind of target is shown to people. It is pure, and loads no SDK. */
export interface TargetView {
  /** The calls of a submission, in order. @param request of a submission as the ledger stores it, with its secrets masked */
  requests(request: JsonObject): SentRequest[];
  /** Where people see this infrastructure in their browser; `undefined` if there is no such page. */
  consoleUrl(id: InfrastructureId, place: ConsolePlace): string | undefined;
}
