import type { PoolList } from "../../src/ui/wire";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { useTitle } from "../parts/useTitle";
import { get } from "../server/request";
import { useResource } from "../server/useResource";
import { useRunChanges } from "../server/useRunChanges";
import { PoolCard } from "./PoolCard";

/** All work pools: where they are, how full, and what is wrong. */
export function PoolsPage() {
  const { data, error, reload, replace } = useResource("pools", (signal) => get<PoolList>("/api/pools", { signal }));
  useTitle("Pools");
  useRunChanges({}, reload);
  if (error && !data) return <Failure what="The pools cannot be shown" error={error} onRetry={reload} />;
  if (!data) return <Loading what="pools" />;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Pools</h1>
      </div>
      {data.notice && <p class="notice warning">{data.notice}</p>}
      {data.pools.length === 0 && (
        <Empty title="No work pools yet">
          <p>
            Declare one in the Pulumi program, then use <code>pushpool up</code>. <code>pushpool init</code> writes such a program.
          </p>
        </Empty>
      )}
      <div class="pools">
        {data.pools.map((pool) => (
          <PoolCard
            key={pool.name}
            pool={pool}
            onChange={(changed) => replace({ ...data, pools: data.pools.map((one) => (one.name === changed.name ? changed : one)) })}
          />
        ))}
      </div>
    </div>
  );
}
