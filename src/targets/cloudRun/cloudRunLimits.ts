import { suggestion } from "../../nearest";
import { UserError } from "../../userError";

/** Seconds: seven days (https://cloud.google.com/run/docs/configuring/task-timeout). */
export const MAX_TIMEOUT = 604_800;
/** https://cloud.google.com/run/quotas */
export const MAX_RETRIES = 10;
export const MAX_VARIABLES = 1000;
export const MAX_LABELS = 64;

/**
 * The memory in GiB that Cloud Run allows for so many CPUs (https://cloud.google.com/run/docs/configuring/services/memory-limits, and
 * `/cpu` beside it). Jobs run in the second generation's environment, which needs at least 512 MiB.
 */
const PAIRS: Record<string, { least: number; most: number }> = {
  "1": { least: 0.5, most: 4 },
  "2": { least: 0.5, most: 8 },
  "4": { least: 2, most: 16 },
  "6": { least: 4, most: 24 },
  "8": { least: 4, most: 32 },
};
const CPUS = Object.keys(PAIRS).join(", ");

const UNITS: Record<string, number> = { M: 1e6, Mi: 2 ** 20, G: 1e9, Gi: 2 ** 30 };

/** @param path of the `limits`, for messages */
export function checkResources(limits: Record<string, string>, path: string): void {
  for (const key of Object.keys(limits)) {
    if (!["cpu", "memory", "nvidia.com/gpu"].includes(key))
      throw new UserError(`${path}.${key}: Cloud Run has only cpu, memory and nvidia.com/gpu`);
  }
  const { cpu = "1", memory = "512Mi" } = limits;
  const cpus = cpusOf(cpu);
  const pair = cpus === undefined ? undefined : PAIRS[cpus];
  if (!pair)
    throw new UserError(
      `${path}.cpu: "${cpu}" is not a valid number of CPUs for Cloud Run jobs: must be one of ${CPUS} (or in thousandths: 1000m, 2000m, …)`,
    );
  const [, amount, unit = ""] = /^(\d+)(G|Gi|M|Mi)$/.exec(memory) ?? [];
  const bytes = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (Number.isNaN(bytes)) throw new UserError(`${path}.memory: "${memory}" must be a whole number with its unit, G, Gi, M or Mi: "512Mi"`);
  // With an accelerator other pairs are valid. Google checks those.
  if (limits["nvidia.com/gpu"] !== undefined) return;
  const gib = bytes / 2 ** 30;
  if (gib < pair.least) throw new UserError(`${path}.memory: ${cpu} CPU needs at least ${inUnits(pair.least)}, not ${memory}`);
  if (gib > pair.most) {
    const enough = Object.entries(PAIRS).find(([, { most }]) => gib <= most);
    const fix = enough ? `use cpu ${enough[0]}` : `the maximum is 32Gi, with cpu 8`;
    throw new UserError(`${path}.memory: ${cpu} CPU allows at most ${inUnits(pair.most)}, not ${memory}: ${fix}`);
  }
}

function cpusOf(cpu: string): string | undefined {
  if (/^\d+$/.test(cpu)) return cpu;
  const [, thousandths] = /^(\d+)m$/.exec(cpu) ?? [];
  return thousandths === undefined ? undefined : String(Number(thousandths) / 1000);
}

function inUnits(gib: number): string {
  return gib < 1 ? `${gib * 1024}Mi` : `${gib}Gi`;
}

/** Only for suggestions: Google adds regions faster than programs are upgraded (https://cloud.google.com/run/docs/locations). */
const REGIONS = [
  "africa-south1",
  "asia-east1",
  "asia-east2",
  "asia-northeast1",
  "asia-northeast2",
  "asia-northeast3",
  "asia-south1",
  "asia-south2",
  "asia-southeast1",
  "asia-southeast2",
  "australia-southeast1",
  "australia-southeast2",
  "europe-central2",
  "europe-north1",
  "europe-north2",
  "europe-southwest1",
  "europe-west1",
  "europe-west2",
  "europe-west3",
  "europe-west4",
  "europe-west6",
  "europe-west8",
  "europe-west9",
  "europe-west10",
  "europe-west12",
  "me-central1",
  "me-central2",
  "me-west1",
  "northamerica-northeast1",
  "northamerica-northeast2",
  "northamerica-south1",
  "southamerica-east1",
  "southamerica-west1",
  "us-central1",
  "us-east1",
  "us-east4",
  "us-east5",
  "us-south1",
  "us-west1",
  "us-west2",
  "us-west3",
  "us-west4",
];

/** @throws {UserError} if it cannot be the name of a region, with similar names */
export function checkRegion(region: string, path: string): void {
  if (/^[a-z]+-[a-z]+\d+$/.test(region)) return;
  throw new UserError(`${path}: "${region}" is not a region of Google Cloud: ${suggestion(region, REGIONS) || 'as "europe-west1"'}`);
}
