import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../../json";
import { type FakeRegistry, imageNameOf, type RegistryLogin } from "../../clouds/shared/fakeRegistry";
import type { Found, StandInProvider, StandInResource } from "../standInProvider";
import { build, contextHash, filesOf } from "./build";
import { checkFailures } from "./checkFailures";
import { type ImageInputs, imageInputs } from "./imageInputs";

/** Where images are pushed, and where relative paths begin. */
export interface DockerBuildProviderOptions {
  /** The registries of fake clouds. Any other does not exist. */
  registries: readonly FakeRegistry[];
  /** The folder of the project, in which Pulumi starts a provider. @default the current one */
  readonly folder?: string;
}

/** Inputs that the provider compares with the state. It ignores passwords. */
const COMPARED = [
  "buildArgs",
  "buildOnPreview",
  "context",
  "dockerfile",
  "labels",
  "network",
  "platforms",
  "push",
  "secrets",
  "tags",
  "target",
];
const DEFAULTS = {
  buildOnPreview: true,
  exec: false,
  load: false,
  network: "default",
  noCache: false,
  pull: false,
  push: false,
  target: "",
};

/**
 * A stand-in for Pulumi's `docker-build` provider: its resource `Image`. It reads the Dockerfile and the context, and refuses what BuildKit
 * refuses before it runs a command: it runs none. It pushes to the registries of fake clouds, with the login that it gets. Runs of those
 * clouds can then pull the image.
 *
 * ```ts
 * const google = await startFakeGoogleCloud();
 * const providers = { gcp: gcpProvider(google), "docker-build": dockerBuildProvider({ registries: [google.registry], folder: "infra" }) };
 * const engine = new OfflineEngine({ projectDir: "infra", providers });
 * ```
 * @see https://github.com/pulumi/pulumi-docker-build/blob/main/provider/internal/image.go
 */
export function dockerBuildProvider(options: DockerBuildProviderOptions): StandInProvider {
  const folder = () => options.folder ?? process.cwd();
  const registryOf = (repository: string) => options.registries.find((registry) => registry.serves(repository));
  const made = async (inputs: JsonObject): Promise<Found> => {
    const image = imageInputs(inputs, folder());
    const digest = await pushed(image, build(image), registryOf);
    return { id: digest, outputs: { contextHash: contextHash(image), digest, ref: digest === "" ? "" : `${image.tags[0]}@${digest}` } };
  };
  const image: StandInResource = {
    defaults: DEFAULTS,
    computed: ["contextHash", "digest", "ref"],
    recomputed: ["contextHash", "digest", "ref"],
    check: (inputs) => checkFailures(inputs, folder()),
    differs: (inputs, known) => {
      const diffs = COMPARED.filter((name) => !isDeepStrictEqual(inputs[name], known[name]));
      if (!isDeepStrictEqual(withoutPasswords(inputs), withoutPasswords(known))) diffs.push("registries");
      return contextHash(imageInputs(inputs, folder())) === known.contextHash ? diffs : [...diffs, "contextHash"];
    },
    create: made,
    update: async (_, inputs) => (await made(inputs)).outputs ?? {},
    read: async (id, known) => {
      const { tags, logins } = imageInputs(known, folder());
      const there = await Promise.all(
        tags.map(async (tag) => {
          const name = imageNameOf(tag);
          const registry = registryOf(name.repository);
          // A login ends soon. After that, its image looks deleted.
          const refused = await registry?.refusal("pull", name.repository, loginFor(name.repository, logins));
          return refused === undefined && registry?.images.find({ ...name, digest: String(known.digest) }) !== undefined;
        }),
      );
      return there.some(Boolean) ? { id } : undefined;
    },
    delete: async (_, known) => {
      const { tags, logins } = imageInputs(known, folder());
      for (const tag of tags) {
        const { repository } = imageNameOf(tag);
        const registry = registryOf(repository);
        // The provider ignores every error of a registry here.
        if ((await registry?.refusal("delete", repository, loginFor(repository, logins))) === undefined)
          registry?.images.remove({ repository, digest: String(known.digest) });
      }
    },
  };
  return { resources: { "docker-build:index:Image": image } };
}

/** @returns the image's digest @throws {Error} with what BuildKit says of a registry that refuses it */
async function pushed(image: ImageInputs, content: string, registryOf: (repository: string) => FakeRegistry | undefined): Promise<string> {
  const { tags, logins, push, platforms } = image;
  if (!push) return "";
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  for (const tag of tags) {
    const name = imageNameOf(tag);
    const { repository } = name;
    const failed = (why: string) => new Error(`failed to solve: failed to push ${tag}: ${why}`);
    const host = repository.slice(0, repository.indexOf("/"));
    const registry = registryOf(repository);
    if (!registry) throw failed(`failed to do request: Head "https://${host}/v2/": dial tcp: lookup ${host}: no such host`);
    const refused = await registry.refusal("push", repository, loginFor(repository, logins));
    if (refused !== undefined) throw failed(refused);
    registry.images.push(name, digest, { platforms, files: filesOf(image) });
  }
  return digest;
}

function loginFor(repository: string, logins: ImageInputs["logins"]): RegistryLogin | undefined {
  const host = repository.slice(0, repository.indexOf("/"));
  const found = logins.find(({ address }) => address.replace(/^https:\/\//, "").split("/")[0] === host);
  return found && { username: found.username, password: found.password };
}

function withoutPasswords({ registries = [] }: JsonObject): unknown {
  return (registries as JsonObject[]).map(({ address, username }) => ({ address, username }));
}
