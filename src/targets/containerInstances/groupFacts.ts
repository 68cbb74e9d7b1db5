import type { ContainerGroup, ContainerState as SdkState } from "@azure/arm-containerinstance";
import type { ContainerEvent, ContainerFacts, ContainerState, GroupFacts } from "./groupOutcome";

/** Azure's replies may have `null` for a field that is absent by the SDK's types. */
type Loose<T> = { readonly [K in keyof T]?: T[K] | null };

interface Instance {
  name: string;
  instanceView?: Loose<{
    restartCount: number;
    currentState: SdkState;
    previousState: SdkState;
    events: Loose<{ name: string; type: string; message: string; firstTimestamp: Date }>[];
  }> | null;
}

/** Times before this are .NET's and Go's words for "none". */
const FIRST_TIME = Date.UTC(2000, 0, 1);

/** The facts of a group that matter for its run. @param group as the SDK has it: it fills in nothing that Azure left out */
export function factsOf(group: Loose<ContainerGroup>): GroupFacts {
  const { provisioningState, instanceView, priority, osType, containers, initContainers } = group;
  return {
    ...present({ provisioningState, state: instanceView?.state }),
    spot: priority === "Spot",
    windows: osType === "Windows",
    containers: ((containers ?? []) as Instance[]).map(containerOf),
    initContainers: ((initContainers ?? []) as Instance[]).map(containerOf),
  };
}

function containerOf({ name, instanceView }: Instance): ContainerFacts {
  const { restartCount, currentState, previousState, events } = instanceView ?? {};
  return {
    name,
    ...present({ restartCount }),
    ...(currentState ? { currentState: stateOf(currentState) } : {}),
    ...(previousState ? { previousState: stateOf(previousState) } : {}),
    events: (events ?? []).map(
      ({ name, type, message, firstTimestamp }): ContainerEvent => ({
        name: name ?? "",
        type: type ?? "",
        message: message ?? "",
        ...present({ firstAt: timeOf(firstTimestamp) }),
      }),
    ),
  };
}

function stateOf({ state, startTime, finishTime, exitCode, detailStatus }: Loose<SdkState>): ContainerState {
  return present({ state, startTime: timeOf(startTime), finishTime: timeOf(finishTime), exitCode, detailStatus });
}

function timeOf(time: Date | null | undefined): number | undefined {
  const found = time === null || time === undefined ? Number.NaN : new Date(time).getTime();
  return found >= FIRST_TIME ? found : undefined;
}

/** The fields that have a value. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
