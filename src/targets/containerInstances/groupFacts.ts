import type { ContainerGroup, ContainerState as SdkState } from "@azure/arm-containerinstance";
import type { ContainerFacts, ContainerState, GroupFacts } from "./groupOutcome";

interface Instance {
  name: string;
  instanceView?: {
    readonly restartCount?: number;
    readonly currentState?: SdkState;
    readonly previousState?: SdkState;
    readonly events?: { readonly name?: string; readonly type?: string; readonly message?: string }[];
  };
}

/** What of a group matters for its run, as the SDK has it. */
export function factsOf({ provisioningState, instanceView, priority, containers, initContainers = [] }: ContainerGroup): GroupFacts {
  return {
    ...(provisioningState === undefined ? {} : { provisioningState }),
    ...(instanceView?.state === undefined ? {} : { state: instanceView.state }),
    spot: priority === "Spot",
    containers: containers.map(containerOf),
    initContainers: initContainers.map(containerOf),
  };
}

function containerOf({ name, instanceView }: Instance): ContainerFacts {
  const { restartCount, currentState, previousState, events = [] } = instanceView ?? {};
  return {
    name,
    ...(restartCount === undefined ? {} : { restartCount }),
    ...(currentState ? { currentState: stateOf(currentState) } : {}),
    ...(previousState ? { previousState: stateOf(previousState) } : {}),
    events: events.map((event) => ({ name: event.name ?? "", type: event.type ?? "", message: event.message ?? "" })),
  };
}

function stateOf({ state, startTime, finishTime, exitCode, detailStatus }: SdkState): ContainerState {
  return {
    ...(state === undefined ? {} : { state }),
    ...(startTime === undefined ? {} : { startTime: new Date(startTime).getTime() }),
    ...(finishTime === undefined ? {} : { finishTime: new Date(finishTime).getTime() }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(detailStatus === undefined ? {} : { detailStatus }),
  };
}
