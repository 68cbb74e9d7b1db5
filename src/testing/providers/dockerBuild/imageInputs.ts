import { join, resolve } from "node:path";
import type { JsonObject } from "../../../json";
import type { RegistryLogin } from "../../clouds/shared/fakeRegistry";

/** The inputs of an image that are known, with whole paths. */
export interface ImageInputs {
  context: string;
  dockerfile: string;
  target?: string;
  buildArgs: Record<string, string>;
  secrets: Record<string, string>;
  platforms: string[];
  push: boolean;
  tags: string[];
  logins: (RegistryLogin & { address: string })[];
}

/** @param folder in which the provider runs */
export function imageInputs(inputs: JsonObject, folder: string): ImageInputs {
  const { context, dockerfile, target, buildArgs, secrets, platforms, push, tags, registries } = inputs as Partial<Inputs>;
  const location = context?.location ?? ".";
  return {
    context: resolve(folder, location),
    dockerfile: resolve(folder, dockerfile?.location || join(location, "Dockerfile")),
    ...(target ? { target } : {}),
    buildArgs: buildArgs ?? {},
    secrets: secrets ?? {},
    // BuildKit builds for its own machine by default.
    platforms: platforms ?? ["linux/amd64"],
    push: push === true,
    tags: tags ?? [],
    logins: registries ?? [],
  };
}

interface Inputs {
  context: { location: string };
  dockerfile: { location?: string };
  target: string;
  buildArgs: Record<string, string>;
  secrets: Record<string, string>;
  platforms: string[];
  push: boolean;
  tags: string[];
  registries: (RegistryLogin & { address: string })[];
}
