import type { PoolRow } from "../../src/ui/wire";
import { Link } from "../parts/Link";
import { When } from "../time/When";
import { Credentials } from "./Credentials";
import { PauseButton } from "./PauseButton";
import { Queues } from "./Queues";
import { Slots } from "./Slots";

/** One work pool. */
export function PoolCard({ pool, onChange }: { pool: PoolRow; onChange(pool: PoolRow): void }) {
  const { name, type, region, network, paused, pausedBy, slots, queues, credentials, lastError, prefectUrl, error } = pool;
  return (
    <section class="pool" aria-labelledby={`pool-${name}`} data-testid="pool" data-pool={name}>
      <div class="pool-head">
        <h2 id={`pool-${name}`}>{name}</h2>
        <span class="tag">{type}</span>
        {paused && (
          <span class="tag paused" data-testid="paused">
            paused
          </span>
        )}
        <PauseButton pool={pool} onChange={onChange} />
      </div>
      {paused && pausedBy && <p class="quiet">Paused {pausedBy}</p>}
      {error && <p class="notice warning">{error}</p>}
      <dl class="facts">
        {region && (
          <div>
            <dt>Region</dt>
            <dd>{region}</dd>
          </div>
        )}
        {network && (
          <div>
            <dt>Network</dt>
            <dd>{network}</dd>
          </div>
        )}
        <div>
          <dt>Slots</dt>
          <dd>
            <Slots {...slots} />
          </dd>
        </div>
        <div>
          <dt>Credentials</dt>
          <dd>
            <Credentials credentials={credentials} />
          </dd>
        </div>
        <div>
          <dt>Runs</dt>
          <dd>
            <Link to={`/?pool=${encodeURIComponent(name)}`}>Runs of this pool</Link>
            {prefectUrl && (
              <>
                {" · "}
                <a href={prefectUrl} target="_blank" rel="noreferrer noopener">
                  Open in Prefect
                </a>
              </>
            )}
          </dd>
        </div>
      </dl>
      {queues.length > 0 && <Queues queues={queues} />}
      {lastError && (
        <div class="failure" data-testid="pool-error">
          <p>
            <b>Its cloud refused a request</b>{" "}
            <span class="quiet">
              <When at={lastError.at} />
            </span>
          </p>
          <p class="message">{lastError.message}</p>
        </div>
      )}
    </section>
  );
}
