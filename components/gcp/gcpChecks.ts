import * as pulumi from "@pulumi/pulumi";
import { type Declared, refuse } from "../checks";

/**
 * Google's rules: https://cloud.google.com/resource-manager/docs/creating-managing-projects,
 * https://cloud.google.com/iam/docs/service-accounts-create.
 */
// New projects have at least 6 characters, but some older ones of Google have fewer.
const PROJECT = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]{0,28}[a-z0-9]$/;
const REGION = /^[a-z]+-[a-z]+[0-9]+$/;
const ZONE = /^([a-z]+-[a-z]+[0-9]+)-[a-z]$/;
const ACCOUNT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const EMAIL = /^[^@\s/]+@([^@\s/]+\.gserviceaccount\.com)$/;

/**
 * The project or region of a component's resources: the given one, else that of the stack's configuration (`gcp:project`, `gcp:region`).
 */
export function placeOf(field: "project" | "region", given: pulumi.Input<string> | undefined, of: Declared): pulumi.Input<string> {
  const value = given ?? new pulumi.Config("gcp").get(field);
  if (value === undefined || value === "") {
    const example = field === "project" ? "acme-data" : "europe-west1";
    refuse(
      `${field} is missing: give it, for example ${field}: "${example}", or set it for the stack: pulumi config set gcp:${field} ${example}`,
      of,
    );
  }
  if (field === "project") checkProject(value, of);
  else checkRegion(value, of);
  return value;
}

function checkProject(value: pulumi.Input<string>, of: Declared): void {
  if (typeof value !== "string" || PROJECT.test(value)) return;
  const hint = /^[0-9]+$/.test(value)
    ? "it is a project number, so give the project id"
    : "use at most 30 lowercase letters, digits and hyphens, and begin with a letter";
  refuse(`project "${value}" is not a project id of Google Cloud: ${hint}`, of);
}

function checkRegion(value: pulumi.Input<string>, of: Declared): void {
  if (typeof value !== "string" || REGION.test(value)) return;
  const zone = ZONE.exec(value);
  refuse(`region "${value}" is not a region of Google Cloud: ${zone ? `it is a zone of ${zone[1]}` : "give one such as europe-west1"}`, of);
}

/** Check the id of a service account: the part of its e-mail before the @. */
export function checkAccountId(field: string, value: string, of: Declared): void {
  if (ACCOUNT_ID.test(value)) return;
  refuse(
    `${field} "${value}" must have 6 to 30 lowercase letters, digits and hyphens. It must begin with a letter, and not end with a hyphen`,
    of,
  );
}

/** Check an existing service account. It must be in the project of the pool. */
export function checkAccount(field: string, value: pulumi.Input<string> | undefined, project: pulumi.Input<string>, of: Declared): void {
  if (typeof value !== "string") return;
  const [, domain] = EMAIL.exec(value) ?? [];
  if (domain === undefined)
    refuse(`${field} "${value}" must be the e-mail of a service account, such as flows@acme.iam.gserviceaccount.com`, of);
  const home = /^(.+)\.iam\.gserviceaccount\.com$/.exec(domain)?.[1];
  // The e-mail of an account that Google made (…@developer.gserviceaccount.com) contains only the project number.
  if (home === undefined || typeof project !== "string" || home === asDomain(project)) return;
  refuse(`${field} "${value}" is in project "${home}", but the pool is in "${project}": give an account of "${project}"`, of);
}

/** The project id in an e-mail. A project of a domain, `example.com:acme`, is `acme.example.com` there. */
function asDomain(project: string): string {
  return project.includes(":") ? project.split(":").reverse().join(".") : project;
}

/** Check the members of a grant, as Google's policies name them. */
export function checkMembers(field: string, members: readonly pulumi.Input<string>[] | undefined, of: Declared): void {
  (members ?? []).forEach((member, index) => {
    if (typeof member === "string" && !/^[a-zA-Z]+:./.test(member))
      refuse(`${field}[${index}] "${member}" must begin with its kind, such as user:ada@acme.com or group:data@acme.com`, of);
  });
}
