import type { ComponentChildren } from "preact";
import type { Attempt, RunDetail } from "../../src/ui/wire";
import { isOwnKey } from "../deployments/ownKey";
import { CopyButton } from "../parts/CopyButton";
import { Link } from "../parts/Link";
import { useMedia } from "../parts/useMedia";
import { deploymentPath } from "../routes";
import { Elapsed } from "../time/Elapsed";
import { When } from "../time/When";
import { outcomeText } from "./texts";

/** What is known about a run, besides its states. Where there is little room, the log comes first and the facts are folded. */
export function RunFacts({ run, attempt }: { run: RunDetail; attempt: Attempt | undefined }) {
  const infrastructureId = attempt?.infrastructureId ?? run.infrastructureId;
  const consoleUrl = attempt?.consoleUrl ?? run.consoleUrl;
  const isWide = useMedia("(min-width: 900px)");
  return (
    <details class="more-facts" open={isWide}>
      <summary>Facts</summary>
      <dl class="facts" data-testid="facts">
        <Fact name="Deployment">
          <Link to={deploymentPath(run.deployment)}>{run.deployment}</Link>
        </Fact>
        <Fact name="Pool">
          {run.workPool} <span class="quiet">{run.poolType}</span>
        </Fact>
        <Fact name="Queue">{run.workQueue}</Fact>
        <Fact name="Created">
          <When at={run.createdAt} as="clock" />
        </Fact>
        {run.startedAt && (
          <Fact name="Ran">
            <Elapsed from={run.startedAt} to={run.endedAt} />
          </Fact>
        )}
        {run.outcome && (
          <Fact name="Ended">
            <span data-testid="outcome">{outcomeText(run.outcome)}</span>
          </Fact>
        )}
        {run.host && <Fact name="Host">{run.host}</Fact>}
        {infrastructureId && (
          <Fact name="Infrastructure" wide>
            <code data-testid="infrastructure">{infrastructureId}</code> <CopyButton text={infrastructureId} />
            {consoleUrl && (
              <>
                {" "}
                <a href={consoleUrl} target="_blank" rel="noreferrer noopener">
                  Open in the cloud’s console
                </a>
              </>
            )}
          </Fact>
        )}
        {run.entrypoint && (
          <Fact name="Entrypoint">
            <code>{run.entrypoint}</code>
          </Fact>
        )}
        {run.tags.length > 0 && (
          <Fact name="Tags">
            {run.tags.map((tag) => (
              <Link key={tag} to={`/?tag=${encodeURIComponent(tag)}`} class="tag">
                {tag}
              </Link>
            ))}
          </Fact>
        )}
        {run.idempotencyKey && !isOwnKey(run.idempotencyKey) && (
          <Fact name="Idempotency key">
            <code>{run.idempotencyKey}</code>
          </Fact>
        )}
        <Fact name="Id" wide>
          <code>{run.id}</code> <CopyButton text={run.id} />
        </Fact>
      </dl>
    </details>
  );
}

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={wide ? "wide" : ""}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
