import type { KeyFacts } from "./keyPlan";

/** Where a pool's keys are in the stack's state, and how to read them. */
export interface KeyQuestion {
  project: string;
  /** The name without its organization. */
  stack: string;
  organization: string;
  workPoolName: string;
  /** Key of the pool's block in the manifest. */
  blockKey: string;
  /** Type token of the keys. */
  type: string;
  /** Name of the first key. The next ones end in -2, -3 and so on. */
  name: string;
  /** Name of the proof. */
  proof: string;
  /** URNs of the component that the keys belong to, present and former ones. */
  parents: string[];
  /** Outputs of a key, by what they say. */
  fields: { createdAt: string; secret: string; owner: string };
  /** A URL of the cloud that tells the time. */
  clock: string;
}

/** What the module `pushpool/provider` answers about keys. */
export interface KeyQuestions {
  readKeyFacts(question: KeyQuestion): Promise<KeyFacts>;
}
