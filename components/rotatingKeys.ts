import * as pulumi from "@pulumi/pulumi";
import { type KeyFacts, type KeyPlan, type KeyRules, type ListedKey, planKeys } from "../src/keys/keyPlan";
import type { KeyQuestion } from "../src/keys/keyQuestion";
import type { AnyJson } from "./anyJson";
import { foundLater } from "./checks";
import type { KeyRotationArgs } from "./keyRotation";
import { OwnResource } from "./ownResource";
import { keyProof, keyQuestions } from "./trampoline";

interface KeyProofInputs {
  cloud: "aws" | "gcp" | "azure";
  workPoolName: string;
  keyId: pulumi.Input<string>;
  generation: pulumi.Input<number>;
  /** The secret parts of the key. */
  key: pulumi.Output<Record<string, string>>;
  /** Base URL of the service that proves it. */
  service: pulumi.Input<string>;
  /** What else the cloud asks for. */
  place: Record<string, pulumi.Input<string>>;
  again?: pulumi.Input<string | undefined>;
}

/** The proof that a key works, which its block and the manifest wait for. */
class KeyProof extends OwnResource {
  /** The key that the cloud accepted. It is an earlier one if this `up` does not touch the proof (`--target`). */
  declare readonly keyId: pulumi.Output<string>;
  /** When the cloud accepted the key, by the cloud's clock. ISO 8601. */
  declare readonly provenAt: pulumi.Output<string>;

  constructor(name: string, args: KeyProofInputs, opts: pulumi.CustomResourceOptions) {
    super(keyProof, name, { ...args, provenAt: undefined }, opts, "pushpool", "KeyProof");
  }
}

/** The rotation of a pool's key. */
export interface PoolRotation {
  every: KeyRotationArgs;
  workPoolName: string;
  /** Key of the pool's block in the manifest. */
  blockKey: string;
  /** How long a run may take, in seconds. */
  longestRun: pulumi.Input<number>;
  /** Base URL of the service that proves a key. Its replies also contain the cloud's time. */
  service: pulumi.Input<string>;
  /** Base URL of the service that lists keys, if no function of a provider does. */
  listing?: pulumi.Input<string>;
}

/** The keys of one pool, in its cloud's words. */
interface CloudKeys<Key>
  extends Pick<KeyQuestion, "type" | "name" | "proof" | "fields">,
    Pick<KeyRules, "limit" | "deleteCommand" | "canImport" | "ifRefused"> {
  cloud: "aws" | "gcp" | "azure";
  rotation: PoolRotation;
  /** The owner of the keys, if it existed before the pool. It may have keys that others made. */
  existingOwner?: pulumi.Output<string> | undefined;
  /** The cloud's id of a key. */
  idOf(key: Key): pulumi.Output<string>;
  /** When it was created; ISO 8601. */
  createdAtOf(key: Key): pulumi.Output<string>;
  /** The secret parts of a key, for its proof. */
  secretOf(key: Key): Record<string, pulumi.Output<string>>;
  /** What else its proof needs. */
  place: Record<string, pulumi.Input<string>>;
  /** Make the key of a generation. @param adopt the id of an existing key to take in */
  make(name: string, adopt: string | undefined): Key;
  /** What the cloud lists for an owner; `undefined` if it does not say. @param listing of {@link PoolRotation} */
  list(owner: string, listing: string): Promise<ListedKey[] | undefined>;
}

/** The keys that this `up` declares. */
interface DeclaredKeys<Key> {
  current: Key;
  generation: number;
  previous?: Key;
  again?: string;
}

/** The current key of a pool, once it is proved. */
export interface ProvedKey<Key> {
  keyId: pulumi.Output<string>;
  createdAt: pulumi.Output<string>;
  /** Read a property of the key. The value waits for the proof. */
  read<T>(property: (key: Key) => pulumi.Output<T>): pulumi.Output<T>;
  /** What the manifest says about it. */
  rotation: pulumi.Output<AnyJson>;
}

/** How long a run may take if its pool has no limit, in seconds: seven days, the limit of Cloud Run. */
const LONGEST_RUN = 604_800;

/** How long a run may take, in seconds. @param timeoutSeconds of the pool */
export function longestRunOf(timeoutSeconds: pulumi.Input<number | undefined> | null | undefined): pulumi.Output<number> {
  return pulumi.output(timeoutSeconds).apply((known) => known ?? LONGEST_RUN);
}

/**
 * The key of a pool whose key changes. The key before it stays during the overlap. The resources that depend on the result get the new key
 * only when the cloud has accepted it.
 */
export function rotatingKey<Key extends pulumi.CustomResource>(of: CloudKeys<Key>, options: pulumi.CustomResourceOptions): ProvedKey<Key> {
  const { every, workPoolName, service } = of.rotation;
  const keys = declareKeys(of, options);
  const proof = new KeyProof(
    of.proof,
    {
      cloud: of.cloud,
      workPoolName,
      keyId: keys.apply((known) => of.idOf(known.current)),
      generation: keys.apply(({ generation }) => generation),
      again: keys.apply(({ again }) => again),
      key: pulumi.secret(keys.apply((known) => of.secretOf(known.current))),
      service,
      place: of.place,
    },
    options.parent ? { parent: options.parent } : {},
  );
  // The key of the proof, not simply the newest one: an `up` with `--target` may make a key and leave the proof as it is.
  const moved = pulumi
    .all([keys, proof.keyId, proof.provenAt])
    .apply(([{ previous }, provenId]) => (previous ? of.idOf(previous as Key).apply((id) => id !== provenId) : pulumi.output(true)));
  const chosen = pulumi.all([keys, moved]).apply(([{ current, previous }, isMoved]): { use: Key; before?: Key } => {
    const both = { current, previous } as unknown as { current: Key; previous?: Key };
    if (!both.previous) return { use: both.current };
    return isMoved ? { use: both.current, before: both.previous } : { use: both.previous };
  });
  const read = <T>(property: (key: Key) => pulumi.Output<T>) => chosen.apply(({ use }) => property(use as Key)) as pulumi.Output<T>;
  const previous = chosen.apply(({ before }) => before && { keyId: of.idOf(before as Key), createdAt: of.createdAtOf(before as Key) });
  return {
    keyId: read(of.idOf),
    createdAt: read(of.createdAtOf),
    read,
    rotation: pulumi
      .all([proof.provenAt, previous])
      .apply(([since, before]) => ({ ...every, since, ...(before ? { previous: before } : {}) })),
  };
}

/**
 * Declare the keys of a pool whose key changes: the current one, and the one before it during the overlap. Each is a resource of its own:
 * `NAME`, then `NAME-2`, `NAME-3` and so on. The decision needs the stack's state and the cloud's time, so the result is an output; it is
 * known in previews too.
 */
function declareKeys<Key extends pulumi.CustomResource>(
  of: CloudKeys<Key>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<DeclaredKeys<Key>> {
  const { every, workPoolName, blockKey, longestRun, service, listing = "" } = of.rotation;
  const facts = pulumi.all([service, parentsOf(options)]).apply(([clock, parents]): Promise<KeyFacts> => {
    // Unit tests with Pulumi's mocks have no state.
    if (pulumi.runtime.getMonitor()?.constructor.name === "MockMonitor") return Promise.resolve({ keys: [], pending: [], localNow: 0 });
    const { type, name, proof, fields } = of;
    const stack = { project: pulumi.getProject(), stack: pulumi.getStack(), organization: pulumi.getOrganization() };
    const asked = keyQuestions().readKeyFacts({ ...stack, workPoolName, blockKey, type, name, proof, parents, fields, clock });
    return asked.catch((error: Error) => {
      throw error.name === "UserError" ? foundLater(error.message, options.parent) : error;
    });
  });
  const existing = facts.apply(({ owner }) => (owner === undefined && of.existingOwner ? ifKnown(of.existingOwner) : undefined));
  const listed = pulumi.all([facts, listing, existing]).apply(([{ owner }, at, older]) => {
    if (owner !== undefined) return of.list(owner, at);
    // Before the first key, the owner may not exist yet: the first `up` works without the list.
    return older === undefined ? undefined : ifListed(of.list(older, at));
  });
  return pulumi.all([facts, listed, longestRun, existing]).apply(async ([read, list, longest, older]) => {
    const known = older === undefined ? read : { ...read, owner: older };
    const { limit, deleteCommand, canImport, ifRefused } = of;
    const rules = { ...every, workPoolName, longestRun: longest, limit, deleteCommand, canImport, ...(ifRefused ? { ifRefused } : {}) };
    const plan = planKeys(known as KeyFacts, rules, list);
    if (plan.refusal !== undefined) throw foundLater(plan.refusal, options.parent);
    const nameOf = (generation: number) => (generation === 1 ? of.name : `${of.name}-${generation}`);
    const keys = new Map(plan.generations.map((generation) => [generation, of.make(nameOf(generation), undefined)]));
    if (plan.adopt) of.make(nameOf(plan.adopt.generation), plan.adopt.keyId);
    const [generation, previous] = [...keys].find(([each]) => each !== plan.current) ?? [];
    const isNewKey = !(known as KeyFacts).keys.some((key) => key.generation === plan.current);
    const isSkipped = previous !== undefined && (await isLeftOut(of.idOf(keys.get(plan.current) as Key)));
    const notes = isSkipped ? [leftOut(workPoolName, known as KeyFacts)] : plan.notes;
    // A preview cannot know whether the update will leave out the new key. Its engine can, if the notes belong to the key.
    const about = pulumi.runtime.isDryRun() && previous !== undefined && isNewKey ? keys.get(plan.current) : options.parent;
    for (const { text, isWarning } of notes) void (isWarning ? pulumi.log.warn : pulumi.log.info)(text, about as pulumi.Resource);
    if (isSkipped) return { current: previous, generation, ...(known.proof?.again === undefined ? {} : { again: known.proof.again }) };
    return {
      current: keys.get(plan.current) as Key,
      generation: plan.current,
      ...(previous ? { previous } : {}),
      ...(plan.again === undefined ? {} : { again: plan.again }),
    };
  }) as unknown as pulumi.Output<DeclaredKeys<Key>>;
}

/** Whether an `up` does not make a resource, because of `--target` or `--exclude`: its id stays unknown. In a preview, the id of every new resource is unknown. */
async function isLeftOut(id: pulumi.Output<string>): Promise<boolean> {
  return !pulumi.runtime.isDryRun() && !(await (id as unknown as { isKnown: Promise<boolean> }).isKnown);
}

/** The value of an output; `undefined` while a preview does not know it. */
async function ifKnown(output: pulumi.Output<string>): Promise<string | undefined> {
  const { isKnown, promise } = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<string> };
  return (await isKnown) ? promise.call(output) : undefined;
}

async function ifListed(list: Promise<ListedKey[] | undefined>): Promise<ListedKey[] | undefined> {
  return list.catch(() => undefined);
}

function leftOut(workPoolName: string, { proof }: KeyFacts): KeyPlan["notes"][number] {
  const text = `work pool "${workPoolName}": key ${proof?.keyId ?? ""} is due for a change, but this up leaves the new key out (--target or --exclude): the next complete up changes it`;
  return { text, isWarning: true };
}

/** The component's URN, and those that its keys had as children of a part of it. */
function parentsOf({ parent, aliases }: pulumi.CustomResourceOptions): pulumi.Output<string>[] {
  const former = ((aliases ?? []) as pulumi.Alias[]).map((alias) => alias.parent);
  return [parent, ...former].flatMap((each) =>
    each === undefined ? [] : [pulumi.Resource.isInstance(each) ? each.urn : pulumi.output(each as pulumi.Input<string>)],
  );
}
