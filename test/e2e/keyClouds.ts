import type { JsonObject } from "../../src/json";
import type { FakeAws, FakeAzure, FakeGoogleCloud } from "../../src/testing";
import { AWS } from "./clouds/aws";
import { AZURE } from "./clouds/azure";
import type { Cloud } from "./clouds/cloud";
import { GCP } from "./clouds/gcp";

/** The steps of a rotation. */
export const STEPS = ["create", "prove", "remove"] as const;
export type Step = (typeof STEPS)[number];

export interface KeyFake {
  plant(fault: { on: string; fault: { kind: "hang"; after: boolean } }): void;
  calls: { action?: string; method?: string; status: number }[];
  stop(): Promise<void>;
}

/** What the story needs from a cloud. */
export interface KeyCloud {
  cloud: Cloud<KeyFake, object>;
  keysOf(fake: KeyFake): string[];
  secretsOf(fake: KeyFake): string[];
  /** The call of each step. */
  calls: Record<Step, string>;
  /** A key whose secret was lost: pushpool takes it in and deletes it, or says how the user deletes it. */
  lost: "taken in" | "deleted by hand";
  /** Somebody deletes a key. */
  forget(fake: KeyFake, keyId: string): void;
}

interface Row<Fake> extends Pick<KeyCloud, "calls" | "lost"> {
  cloud: object;
  keysOf(fake: Fake): string[];
  secretsOf(fake: Fake): string[];
  forget(fake: Fake, keyId: string): void;
}

const rowOf = <Fake>(row: Row<Fake>) => row as unknown as KeyCloud;

export const KEY_CLOUDS = {
  aws: rowOf<FakeAws>({
    cloud: AWS,
    keysOf: keysOnAws,
    secretsOf: secretsOnAws,
    calls: { create: "iam:CreateAccessKey", prove: "sts:GetCallerIdentity", remove: "iam:DeleteAccessKey" },
    lost: "taken in",
    forget: ({ world }, id) => void world.iam.keys.delete(id),
  }),
  gcp: rowOf<FakeGoogleCloud>({
    cloud: GCP,
    keysOf: keysOnGoogle,
    secretsOf: secretsOnGoogle,
    calls: { create: "iam.serviceAccountKeys.create", prove: "oauth2.token", remove: "iam.serviceAccountKeys.delete" },
    lost: "deleted by hand",
    forget: ({ world }, id) => void world.iam.keys.delete(id),
  }),
  azure: rowOf<FakeAzure>({
    cloud: AZURE,
    keysOf: keysOnAzure,
    secretsOf: secretsOnAzure,
    calls: { create: "graph/applications.addPassword", prove: "entra/token", remove: "graph/applications.removePassword" },
    lost: "deleted by hand",
    forget: ({ world }, id) => {
      for (const client of world.directory.clients.values()) client.secrets = client.secrets.filter(({ keyId }) => keyId !== id);
    },
  }),
};

/** The ids of the users' access keys, oldest first. */
export function keysOnAws({ world }: FakeAws): string[] {
  return [...world.iam.keys].flatMap(([id, { principal }]) => (principal.arn.includes(":user/") ? [id] : []));
}

/** The ids of the keys of service accounts, oldest first. */
function keysOnGoogle({ world }: FakeGoogleCloud): string[] {
  return [...world.iam.keys.values()].flatMap(({ id, email }) => (email.includes("push") ? [id] : []));
}

/** The ids of the secrets of applications, oldest first. */
function keysOnAzure({ world }: FakeAzure): string[] {
  return [...world.directory.clients.values()].flatMap(({ secrets }) => secrets.map(({ keyId }) => keyId));
}

/** The secrets of the users' access keys. */
function secretsOnAws(fake: FakeAws): string[] {
  return keysOnAws(fake).flatMap((id) => fake.world.iam.keys.get(id)?.key.secretAccessKey ?? []);
}

/** A part of each key file, as Google sends it and in PEM format. */
function secretsOnGoogle({ calls }: FakeGoogleCloud): string[] {
  return calls.flatMap(({ method, reply }) => {
    const { privateKeyData } = reply as { privateKeyData?: string };
    if (method !== "iam.serviceAccountKeys.create" || privateKeyData === undefined) return [];
    const { private_key: pem = "" } = JSON.parse(Buffer.from(privateKeyData, "base64").toString("utf8")) as JsonObject;
    return [privateKeyData.slice(400, 460), String(pem).split("\n")[5] ?? ""];
  });
}

/** The texts of the applications' secrets. */
function secretsOnAzure({ world }: FakeAzure): string[] {
  return [...world.directory.clients.values()].flatMap(({ secrets }) => secrets.map(({ text }) => text));
}
