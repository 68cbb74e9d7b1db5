import { TokenBuckets } from "../shared/tokenBuckets";
import { gatewayError } from "./azureErrors";
import type { Limits } from "./azureOptions";

type Kind = "reads" | "writes" | "deletes";

/** What the headers say if nothing is used up (recorded in 2024). The number for all principals is a multiple. */
const SHOWN: Record<Kind, number> = { reads: 1100, writes: 800, deletes: 800 };
const GLOBAL = 15;

const HOUR = 3_600_000;
const FIVE_MINUTES = 300_000;
/** What the headers say of creations and deletions, if nothing is limited. */
const DEFAULT = { perHour: 300, perFiveMinutes: 100 };

/** How often Azure may be called. */
export class Throttle {
  readonly #limits: Partial<Limits>;
  readonly #buckets = new TokenBuckets();
  readonly #used = new Map<string, number[]>();

  constructor(limits: Partial<Limits>) {
    this.#limits = limits;
  }

  /** Resource Manager's own count. @returns headers that say what is left. @throws {ArmError} 429 */
  take(kind: Kind, verb: string, subscription: string, principal: string): Record<string, string> {
    const bucket = this.#limits[kind];
    let used = 1;
    if (bucket) {
      const { size: burst, refill: perSecond } = bucket;
      const left = this.#buckets.take(`${kind}/${subscription}/${principal}`, { burst, perSecond });
      if (left < 0) {
        const wait = Math.ceil(-left / perSecond);
        throw gatewayError(
          429,
          "SubscriptionRequestsThrottled",
          `Number of '${kind === "reads" ? "read" : verb.toLowerCase()}' requests for subscription '${subscription}' actor '${principal}' exceeded. Please try again after '${wait}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
          { headers: { "retry-after": String(wait) } },
        );
      }
      used = Math.ceil(burst - left);
    }
    return {
      [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(SHOWN[kind] - used),
      [`x-ms-ratelimit-remaining-subscription-global-${kind}`]: String(SHOWN[kind] * GLOBAL - used),
    };
  }

  /** Container Instances' count of creations, and of deletions. @returns headers that say what is left. @throws {ArmError} 429 */
  takeGroup(action: string, subscription: string, location: string): Record<string, string> {
    const key = `${action}/${subscription}/${location}`;
    const now = Date.now();
    const times = (this.#used.get(key) ?? []).filter((time) => now - time < HOUR);
    this.#used.set(key, times);
    const recent = times.filter((time) => now - time < FIVE_MINUTES);
    this.#refuse(action, times, this.#limits.perHour, HOUR, "01:00:00");
    this.#refuse(action, recent, this.#limits.perFiveMinutes, FIVE_MINUTES, "00:05:00");
    times.push(now);
    const left = (most: number, used: number) => String(Math.max(0, most - used));
    return {
      "x-ms-ratelimit-remaining-subscription-resource-requests-pt1h": left(this.#limits.perHour ?? DEFAULT.perHour, times.length),
      "x-ms-ratelimit-remaining-subscription-resource-requests-pt5m": left(
        this.#limits.perFiveMinutes ?? DEFAULT.perFiveMinutes,
        recent.length + 1,
      ),
    };
  }

  #refuse(action: string, times: readonly number[], most: number | undefined, window: number, shown: string): void {
    const [first] = times;
    if (most === undefined || first === undefined || times.length < most) return;
    const wait = Math.ceil((first + window - Date.now()) / 1000);
    throw gatewayError(
      429,
      "ResourceRequestsThrottled",
      `Number of requests for action '${action}' exceeded the limit of '${most}' for time interval '${shown}'. Please try again after '${wait}' seconds.`,
    );
  }
}
