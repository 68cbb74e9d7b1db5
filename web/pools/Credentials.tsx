import type { PoolCredentials } from "../../src/ui/wire";
import { When } from "../time/When";

/** How a pool signs in, and how old that is. Never the credentials themselves. */
export function Credentials({ credentials }: { credentials: PoolCredentials | null }) {
  if (!credentials) return <span class="quiet">It needs none.</span>;
  const { kind, block, createdAt } = credentials;
  if (kind === "ambient") return <span>those of this machine’s environment</span>;
  return (
    <span>
      {kind}
      {block && <span class="quiet"> {block}</span>}
      {createdAt && (
        <>
          , made <When at={createdAt} />
        </>
      )}
    </span>
  );
}
