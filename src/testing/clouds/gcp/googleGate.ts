import type { Call } from "./googleCall";
import { errorInfo, GoogleError } from "./googleError";
import { REGIONS } from "./googleRegions";
import type { World } from "./googleWorld";

const TITLES: Record<string, string> = {
  run: "Cloud Run Admin API",
  logging: "Cloud Logging API",
  iam: "Identity and Access Management (IAM) API",
  cloudresourcemanager: "Cloud Resource Manager API",
};

/**
 * The checks of Google's front end before a service gets a call. The API and billing must be enabled, no perimeter may block the caller,
 * and the region must exist.
 * @throws {GoogleError} with Google's message
 */
export function admit(service: string, { world, path: { project = world.options.project, region } }: Call): void {
  const number = world.numberOf(project);
  if (!world.services.has(`${service}.googleapis.com`)) throw disabled(service, number);
  // Without billing, a project's logs can still be read, and its other resources managed.
  if (!world.billing && service === "run") throw unpaid(service, project, number);
  if (world.perimeter && (service === "run" || service === "logging")) throw outside(service, number);
  if (service === "run" && region !== undefined && region !== "-" && !REGIONS.has(region)) throw nowhere(service, region, number);
}

/** Accept a project's number instead of its id in any path. */
export function withProjectId({ world, path }: Call): void {
  if (path.project !== undefined) path.project = projectIdOf(world, path.project);
}

export function projectIdOf(world: World, given: string): string {
  return given === world.numberOf(world.options.project) ? world.options.project : given;
}

function consumer(service: string, number: string): Record<string, string> {
  return { service: `${service}.googleapis.com`, consumer: `projects/${number}` };
}

function disabled(service: string, number: string): GoogleError {
  const title = TITLES[service] ?? service;
  const link = `https://console.developers.google.com/apis/api/${service}.googleapis.com/overview?project=${number}`;
  return new GoogleError(
    "PERMISSION_DENIED",
    `${title} has not been used in project ${number} before or it is disabled. Enable it by visiting ${link} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`,
    [errorInfo("SERVICE_DISABLED", consumer(service, number))],
  );
}

function unpaid(service: string, project: string, number: string): GoogleError {
  return new GoogleError(
    "PERMISSION_DENIED",
    `This API method requires billing to be enabled. Please enable billing on project #${project} by visiting https://console.developers.google.com/billing/enable?project=${project} then retry. If you enabled billing for this project recently, wait a few minutes for the action to propagate to our systems and retry.`,
    [errorInfo("BILLING_DISABLED", consumer(service, number))],
  );
}

function outside(service: string, number: string): GoogleError {
  const uid = "8c1f0b2d7a4e4c11";
  return new GoogleError(
    "PERMISSION_DENIED",
    `Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: ${uid}`,
    [
      {
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        violations: [{ type: "VPC_SERVICE_CONTROLS", description: uid }],
      },
      errorInfo("SECURITY_POLICY_VIOLATED", { ...consumer(service, number), uid }),
    ],
  );
}

function nowhere(service: string, region: string, number: string): GoogleError {
  return new GoogleError("PERMISSION_DENIED", `Permission denied on 'locations/${region}' (or it may not exist).`, [
    errorInfo("LOCATION_POLICY_VIOLATED", { ...consumer(service, number), location: region }),
  ]);
}
