import { useRef, useState } from "preact/hooks";
import type { DeploymentList, DeploymentRow } from "../../src/ui/wire";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { Link } from "../parts/Link";
import { Loading } from "../parts/Loading";
import { useTitle } from "../parts/useTitle";
import { deploymentPath, newRunPath } from "../routes";
import { get } from "../server/request";
import { useResource } from "../server/useResource";
import { useRunChanges } from "../server/useRunChanges";
import { useShortcuts } from "../shell/shortcuts";
import { When } from "../time/When";
import { RecentRuns } from "./RecentRuns";

/** All deployments, with their next time and their last runs. */
export function DeploymentsPage() {
  const { data, error, reload } = useResource("deployments", (signal) => get<DeploymentList>("/api/deployments", { signal }));
  const [search, setSearch] = useState("");
  const box = useRef<HTMLInputElement>(null);
  useTitle("Deployments");
  useRunChanges({}, reload);
  useShortcuts([{ keys: ["/"], does: "Search", run: () => box.current?.focus() }]);
  if (error && !data) return <Failure what="The deployments cannot be shown" error={error} onRetry={reload} />;
  if (!data) return <Loading what="deployments" />;
  const wanted = search.toLowerCase();
  const shown = data.deployments.filter(({ name, workPool }) => `${name} ${workPool}`.toLowerCase().includes(wanted));
  return (
    <div class="page">
      <div class="page-head">
        <h1>Deployments</h1>
        <input
          ref={box}
          type="search"
          aria-label="Search"
          placeholder="Name or pool  ( / )"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      {data.notice && <p class="notice warning">{data.notice}</p>}
      {data.deployments.length === 0 ? (
        <Empty title="No deployments yet">
          <p>
            Declare one in the Pulumi program, or write a <code>prefect.yaml</code> and use <code>pushpool deploy --all</code>.
          </p>
        </Empty>
      ) : (
        <table class="table deployments">
          <thead>
            <tr>
              <th scope="col">Deployment</th>
              <th scope="col">Pool</th>
              <th scope="col">Next run</th>
              <th scope="col">Last runs</th>
              <th scope="col">
                <span class="hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((deployment) => (
              <Row key={deployment.name} deployment={deployment} />
            ))}
          </tbody>
        </table>
      )}
      {data.deployments.length > 0 && shown.length === 0 && <p class="quiet">No deployment has “{search}” in its name or pool.</p>}
    </div>
  );
}

function Row({ deployment }: { deployment: DeploymentRow }) {
  const { name, workPool, nextRun, lastRuns, error } = deployment;
  return (
    <tr data-testid="deployment-row" data-deployment={name}>
      <td>
        <Link to={deploymentPath(name)}>{name}</Link>
        {error && <p class="problem">{error}</p>}
      </td>
      <td class="quiet">{workPool}</td>
      <td class="nowrap">{nextRun ? <When at={nextRun} /> : <span class="quiet">{scheduleText(deployment)}</span>}</td>
      <td>
        <RecentRuns runs={lastRuns} />
      </td>
      <td class="right">
        <Link to={newRunPath(name)} class="button small" aria-label={`New run of ${name}`}>
          New run
        </Link>
      </td>
    </tr>
  );
}

function scheduleText({ paused, schedules }: DeploymentRow): string {
  if (schedules === 0) return "no schedule";
  return paused ? "paused" : "none";
}
