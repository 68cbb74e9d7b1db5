import { readFileSync, statSync } from "node:fs";
import { readDockerfile } from "../../../dockerContext";
import type { JsonObject } from "../../../json";
import { UNKNOWN } from "../../../unknown";
import { imageInputs } from "./imageInputs";

/** A reference with a registry: https://pkg.go.dev/github.com/distribution/reference. */
const REFERENCE =
  /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(\/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;

/** Why the provider refuses the inputs of an image, by property. It does not look at what is unknown in a preview. */
export function checkFailures(inputs: JsonObject, folder: string): Record<string, string> {
  const { context, dockerfile, platforms, push, tags } = imageInputs(inputs, folder);
  const failures: Record<string, string> = {};
  const { location } = (inputs.context ?? {}) as { location?: string };
  if (!statSync(context, { throwIfNoEntry: false })?.isDirectory())
    failures["context.location"] = `${JSON.stringify(location)}: not a valid directory or URL`;
  const fault = dockerfileFault(dockerfile);
  if (fault !== undefined) failures["dockerfile.location"] = fault;
  platforms.forEach((platform, index) => {
    if (!/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/.test(platform))
      failures[`platforms[${index}]`] = `${JSON.stringify(platform)}: unknown operating system or architecture: invalid argument`;
  });
  if (push && tags.length === 0) failures["exports[0]"] = "at least one tag or export name is needed when pushing to a registry";
  tags.forEach((tag, index) => {
    if (!tag.includes(UNKNOWN) && !REFERENCE.test(tag)) failures[`tags[${index}]`] = "invalid reference format";
  });
  return failures;
}

function dockerfileFault(path: string): string | undefined {
  try {
    readDockerfile(readFileSync(path, "utf8"));
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return `open ${path}: no such file or directory`;
    return `dockerfile parse error on ${(error as Error).message}`;
  }
}
