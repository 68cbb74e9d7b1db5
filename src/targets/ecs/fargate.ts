import { UserError } from "../../userError";

/**
 * CPU units with the MiB of memory that Fargate allows for them
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size).
 */
const FARGATE_SIZES: Record<number, readonly number[]> = {
  256: [512, 1024, 2048],
  512: steps(1, 4, 1),
  1024: steps(2, 8, 1),
  2048: steps(4, 16, 1),
  4096: steps(8, 30, 1),
  8192: steps(16, 60, 4),
  16384: steps(32, 120, 8),
};

/** GiB in MiB. */
function steps(from: number, to: number, by: number): number[] {
  const found: number[] = [];
  for (let size = from; size <= to; size += by) found.push(size * 1024);
  return found;
}

/**
 * @param cpu units, `"256"`, or `".25 vCPU"`; `memory` MiB, or `"2 GB"`: in the formats of ECS
 * @throws {UserError} with the valid sizes
 */
export function checkFargateSize(cpu: string, memory: string, path: string): void {
  const units = sizeOf(cpu, /^(\d*\.?\d+)\s*vcpu$/i, 1024);
  const mib = sizeOf(memory, /^(\d*\.?\d+)\s*gb$/i, 1024);
  const fitting = units === undefined ? undefined : FARGATE_SIZES[units];
  if (!fitting)
    throw new UserError(
      `${path}.cpu: Fargate has no size ${JSON.stringify(cpu)}: must be one of ${Object.keys(FARGATE_SIZES).join(", ")} (1024 is one vCPU)`,
    );
  if (mib !== undefined && fitting.includes(mib)) return;
  const sizes =
    fitting.length > 6 ? `${fitting[0]} to ${fitting.at(-1)} in steps of ${(fitting[1] ?? 0) - (fitting[0] ?? 0)}` : fitting.join(", ");
  throw new UserError(`${path}.memory: with ${units} CPU units Fargate allows ${sizes} MiB, not ${JSON.stringify(memory)}`);
}

function sizeOf(text: string, unit: RegExp, factor: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const [, number] = unit.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * factor;
}
