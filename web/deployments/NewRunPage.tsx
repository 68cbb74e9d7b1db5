import type { DeploymentDetail, RunDetail } from "../../src/ui/wire";
import type { Values } from "../form/values";
import { place } from "../navigation";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { useTitle } from "../parts/useTitle";
import { parseExact } from "../server/exactJson";
import { get } from "../server/request";
import { useResource } from "../server/useResource";
import { NoDeployment } from "./DeploymentPage";
import { NewRunForm } from "./NewRunForm";
import { EMPTY_RUN, type NewRun } from "./newRun";
import { useDeployment } from "./useDeployment";

/** A new run of a deployment; with `?from=ID`, it starts with what an earlier run was given. */
export function NewRunPage({ name }: { name: string }) {
  const from = new URLSearchParams(place.value.search).get("from");
  const deployment = useDeployment(name);
  const earlier = useResource(`earlier ${from}`, async (signal) =>
    from === null ? null : await get<RunDetail>(`/api/runs/${encodeURIComponent(from)}`, { signal }),
  );
  useTitle(`New run of ${name}`);
  if (deployment.error?.status === 404) return <NoDeployment />;
  const error = deployment.error ?? earlier.error;
  if (error && !(deployment.data && earlier.data !== undefined)) {
    const reload = () => {
      deployment.reload();
      earlier.reload();
    };
    return <Failure what="The form cannot be shown" error={error} onRetry={reload} />;
  }
  if (!deployment.data || earlier.data === undefined) return <Loading what="the form" />;
  return <NewRunForm deployment={deployment.data} start={startOf(deployment.data, earlier.data)} from={earlier.data ?? undefined} />;
}

function startOf(deployment: DeploymentDetail, earlier: RunDetail | null): NewRun {
  if (!earlier) return EMPTY_RUN;
  return {
    ...EMPTY_RUN,
    parameters: parseExact(earlier.texts.parameters) as Values,
    jobVariables: parseExact(earlier.texts.jobVariables) as Values,
    tags: earlier.tags.filter((tag) => !deployment.tags.includes(tag)).join(", "),
    workPool: earlier.workPool === deployment.workPool ? "" : earlier.workPool,
  };
}
