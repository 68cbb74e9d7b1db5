import type { DeploymentDetail } from "../../src/ui/wire";
import { navigate } from "../navigation";
import { CopyButton } from "../parts/CopyButton";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { JsonText } from "../parts/JsonText";
import { Link } from "../parts/Link";
import { Loading } from "../parts/Loading";
import { useTitle } from "../parts/useTitle";
import { newRunPath } from "../routes";
import { useRunChanges } from "../server/useRunChanges";
import { useShortcuts } from "../shell/shortcuts";
import { RecentRuns } from "./RecentRuns";
import { Schedules } from "./Schedules";
import { useDeployment } from "./useDeployment";

const FROM = { pulumi: "the Pulumi program", "prefect.yaml": "prefect.yaml", server: "the Prefect server" };

/** One deployment: when it runs, how its last runs ended, and what is declared. */
export function DeploymentPage({ name }: { name: string }) {
  const { data, error, reload } = useDeployment(name);
  useTitle(name);
  useRunChanges({ deployment: name }, reload);
  useShortcuts([
    { keys: ["c"], does: "New run", run: () => navigate(newRunPath(name)) },
    { keys: ["Escape", "u"], does: "Back to the deployments", run: () => navigate("/deployments") },
  ]);
  if (error?.status === 404) return <NoDeployment />;
  if (error && !data) return <Failure what="The deployment cannot be shown" error={error} onRetry={reload} />;
  if (!data) return <Loading what="the deployment" />;
  return <Deployment deployment={data} />;
}

export function NoDeployment() {
  return (
    <Empty isPage title="There is no such deployment">
      <p>
        <Link to="/deployments">All deployments</Link>
      </p>
    </Empty>
  );
}

function Deployment({ deployment }: { deployment: DeploymentDetail }) {
  const { name, workPool, error, scheduleList, recentRuns, definition, tags, prefectUrl, commands, from } = deployment;
  return (
    <div class="page">
      <nav aria-label="Breadcrumb" class="crumbs">
        <Link to="/deployments">Deployments</Link> <span aria-hidden="true">/</span>
      </nav>
      <div class="page-head">
        <h1>{name}</h1>
        <div class="actions">
          <Link to={newRunPath(name)} class="button solid" data-testid="new-run">
            New run
          </Link>
          <CopyButton text={commands.run} label="Copy the command" class="" />
        </div>
      </div>
      {error && <p class="notice warning">It cannot run: {error}</p>}
      <dl class="facts">
        <div>
          <dt>Pool</dt>
          <dd>{workPool}</dd>
        </div>
        <div>
          <dt>Defined in</dt>
          <dd>{FROM[from]}</dd>
        </div>
        {tags.length > 0 && (
          <div>
            <dt>Tags</dt>
            <dd>
              {tags.map((tag) => (
                <Link key={tag} to={`/?tag=${encodeURIComponent(tag)}`} class="tag">
                  {tag}
                </Link>
              ))}
            </dd>
          </div>
        )}
        {prefectUrl && (
          <div>
            <dt>Prefect</dt>
            <dd>
              <a href={prefectUrl} target="_blank" rel="noreferrer noopener">
                Open in Prefect
              </a>
            </dd>
          </div>
        )}
      </dl>
      <section>
        <h2>
          Recent runs <Link to={`/?deployment=${encodeURIComponent(name)}`}>all</Link>
        </h2>
        <RecentRuns runs={recentRuns} height={36} />
      </section>
      <section>
        <h2>Schedules</h2>
        <Schedules schedules={scheduleList} />
      </section>
      <section>
        <h2>Definition</h2>
        <JsonText value={definition} label="Definition" />
      </section>
    </div>
  );
}
