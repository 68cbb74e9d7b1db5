import * as pulumi from "@pulumi/pulumi";
import { type Declared, refuse } from "../checks";

/** Google's rules: https://cloud.google.com/resource-manager/docs/creating-managing-projects, https://cloud.google.com/iam/docs/service-accounts-create. */
// New projects have 6 letters at least; Google has older ones with fewer.
const PROJECT = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]{0,28}[a-z0-9]$/;
const REGION = /^[a-z]+-[a-z]+[0-9]+$/;
const ZONE = /^([a-z]+-[a-z]+[0-9]+)-[a-z]$/;
const ACCOUNT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const EMAIL = /^[^@\s/]+@([^@\s/]+\.gserviceaccount\.com)$/;

/** Where a component's resources go: as given, else as the stack's configuration of the provider has it (`gcp:project`, `gcp:region`). */
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

/** The part of a service account's e-mail before the @. */
export function checkAccountId(field: string, value: string, of: Declared): void {
  if (ACCOUNT_ID.test(value)) return;
  refuse(
    `${field} "${value}" must have 6 to 30 lowercase letters, digits and hyphens. It must begin with a letter, and not end with a hyphen`,
    of,
  );
}

/** A service account that is there already, in the pool's own project. */
export function checkAccount(field: string, value: pulumi.Input<string> | undefined, project: pulumi.Input<string>, of: Declared): void {
  if (typeof value !== "string") return;
  const [, domain] = EMAIL.exec(value) ?? [];
  if (domain === undefined)
    refuse(`${field} "${value}" must be the e-mail of a service account, such as flows@acme.iam.gserviceaccount.com`, of);
  const home = /^(.+)\.iam\.gserviceaccount\.com$/.exec(domain)?.[1];
  // An account that Google made (…@developer.gserviceaccount.com) tells the project's number only.
  if (home === undefined || typeof project !== "string" || home === asDomain(project)) return;
  refuse(`${field} "${value}" is in project "${home}", but the pool is in "${project}": give an account of "${project}"`, of);
}

/** A project of a domain, `example.com:acme`, is `acme.example.com` in e-mails. */
function asDomain(project: string): string {
  return project.includes(":") ? project.split(":").reverse().join(".") : project;
}

/** Whom something is granted to, as Google's policies name them. */
export function checkMembers(field: string, members: readonly pulumi.Input<string>[] | undefined, of: Declared): void {
  (members ?? []).forEach((member, index) => {
    if (typeof member === "string" && !/^[a-zA-Z]+:./.test(member))
      refuse(`${field}[${index}] "${member}" must begin with its kind, such as user:ada@acme.com or group:data@acme.com`, of);
  });
}
