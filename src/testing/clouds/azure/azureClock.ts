/** Times as Container Instances writes them. */

/** Of events: to the second. */
export function toSecond(time = Date.now()): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Of a container's start and end: to the millisecond. */
export function toMillisecond(time = Date.now()): string {
  return new Date(time).toISOString();
}

/** Of operations and stops: to a tenth of a microsecond. */
export function toTick(time = Date.now()): string {
  return new Date(time).toISOString().replace("Z", "0000Z");
}
