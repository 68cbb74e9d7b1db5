import type { JsonObject } from "../../json";

/** What is there of a resource. */
export interface Found {
  id: string;
  /** Its properties by the names of its outputs; those of its inputs that the cloud does not tell may be left out. */
  outputs: JsonObject;
}

/** One resource type of a stand-in provider: what of it only the cloud knows, and the calls that its life is made of. */
export interface StandInResource {
  /** Inputs whose change makes it another resource. `true`: all of them. */
  replacedBy: true | readonly string[];
  /** Outputs that are not known before it is made. */
  computed: readonly string[];
  /** The input that it is called by, where the provider makes up a name for one without. */
  autoName?: { input: string; longest: number };
  /** Inputs that the provider fills in. */
  defaults?: JsonObject;
  create(inputs: JsonObject): Promise<Found>;
  /** @returns `undefined` if it is not there (any more) */
  read(id: string, known: JsonObject): Promise<Found | undefined>;
  /** Absent: no input can be changed in place. */
  update?(id: string, inputs: JsonObject, before: JsonObject): Promise<JsonObject>;
  /** Of one that is gone already: nothing happens. */
  delete(id: string, known: JsonObject): Promise<void>;
}
