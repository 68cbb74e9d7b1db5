import type { Properties } from "../propertyWire";
import type { Alias } from "./aliases";

/** The longest time for each operation on a resource, in seconds. Absent: the provider's own default. */
export interface Timeouts {
  create?: number;
  update?: number;
  delete?: number;
}

/** A resource as the program declares it. Secrets in its inputs are marked. */
export interface Goal {
  type: string;
  name: string;
  custom: boolean;
  /** URN; "" for the stack and for default providers. */
  parent: string;
  inputs: Properties;
  /** Reference to the provider. "" for a component, and for a resource whose provider the engine must find. */
  provider: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  aliases: Alias[];
  ignoreChanges: string[];
  replaceOnChanges: string[];
  additionalSecretOutputs: string[];
  protect: boolean;
  retainOnDelete: boolean;
  /** Absent: the provider decides. */
  deleteBeforeReplace?: boolean;
  /** URN of the resource whose deletion deletes this one too. */
  deletedWith: string;
  timeouts: Timeouts;
  /** Id of an existing resource to import; "" creates a new one. */
  importId: string;
}

/** A goal with defaults for all fields that are not given. */
export function goalOf(fields: Pick<Goal, "type" | "name" | "custom"> & Partial<Goal>): Goal {
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
    ...fields,
  };
}
