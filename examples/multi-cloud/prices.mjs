// Estimates what a run costs. Only CPU and memory count, at list prices: no discount, free tier, storage, network, log or tax.

/**
 * US dollars by pool type, for Linux on x86. `leastSeconds` is what is charged at least. The figures are from others' quotations of these
 * pages: check them before you rely on one.
 *
 * | price of | from | as of |
 * | --- | --- | --- |
 * | Cloud Run jobs, tier 1 regions | https://cloud.google.com/run/pricing | 2026 |
 * | ECS on Fargate, US East (N. Virginia) | https://aws.amazon.com/fargate/pricing | March 2026 |
 * | Container Instances, East US 2 | https://prices.azure.com (Azure Retail Prices API) | October 2026 |
 */
export const PRICES = {
  "cloud-run-v2:push": { vCpuSecond: 0.000018, gibSecond: 0.000002, leastSeconds: 60 },
  "ecs:push": { vCpuSecond: 0.04048 / 3600, gibSecond: 0.004445 / 3600, leastSeconds: 60 },
  "azure-container-instance:push": { vCpuSecond: 0.0405 / 3600, gibSecond: 0.00445 / 3600, leastSeconds: 1 },
};

/** The sizes of the runs in `index.js`: CPUs and GiB of memory. Cloud Run's are the defaults of its template. */
const SIZES = {
  "cloud-run-v2:push": { vCpu: 1, gib: 0.5 },
  "ecs:push": { vCpu: 0.25, gib: 0.5 },
  "azure-container-instance:push": { vCpu: 1, gib: 1 },
};

/**
 * @param type of the pool
 * @param seconds from the start of the container to its end
 * @returns US dollars; `undefined` if the place has no price or the run has not run
 */
export function estimate(type, seconds) {
  const price = PRICES[type];
  if (price === undefined || !Number.isFinite(seconds)) return undefined;
  const { vCpu, gib } = SIZES[type];
  return Math.max(seconds, price.leastSeconds) * (vCpu * price.vCpuSecond + gib * price.gibSecond);
}
