import type { Properties } from "../wire";
import type { Alias } from "./aliases";

/** How long an operation on a resource may take, in seconds; what is absent is the provider's own default. */
export interface Timeouts {
  create?: number;
  update?: number;
  delete?: number;
}

/** A resource as the program declares it, in plain words. */
export interface Goal {
  type: string;
  name: string;
  custom: boolean;
  /** URN; "" for the stack and for providers that the engine makes. */
  parent: string;
  inputs: Properties;
  /** Reference to the provider; "" for a component, and where the engine has to find one. */
  provider: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  aliases: Alias[];
  ignoreChanges: string[];
  replaceOnChanges: string[];
  additionalSecretOutputs: string[];
  protect: boolean;
  retainOnDelete: boolean;
  /** Absent: as the provider says. */
  deleteBeforeReplace?: boolean;
  /** URN of what takes this with it when it is deleted. */
  deletedWith: string;
  timeouts: Timeouts;
  /** Id of something that is there already, and is to be taken over; "": it is to be made. */
  importId: string;
}

/** A goal of which only this much is said. */
export function goalOf(said: Pick<Goal, "type" | "name" | "custom"> & Partial<Goal>): Goal {
  return {
    parent: "",
    inputs: {},
    provider: "",
    dependencies: [],
    propertyDependencies: {},
    aliases: [],
    ignoreChanges: [],
    replaceOnChanges: [],
    additionalSecretOutputs: [],
    protect: false,
    retainOnDelete: false,
    deletedWith: "",
    timeouts: {},
    importId: "",
    ...said,
  };
}
