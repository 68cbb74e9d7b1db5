import type { RunRecord } from "../ledger";
import { nearest } from "../nearest";
import { oneLine, quoted } from "../shown";
import { UserError } from "../userError";
import type { RunsContext } from "./runsContext";

/** How many matches to list for an ambiguous prefix. */
const SHOWN = 8;

/**
 * Find a run by its id, a unique prefix of it, or its name.
 * @throws {UserError} if there is none, with similar names; if there are several, with the matches
 */
export async function findRun(context: RunsContext, ref: string): Promise<RunRecord> {
  const exact = await context.ledger.read(ref);
  if (exact) return exact;
  const candidates = ref === "" ? [] : await context.ledger.match(ref, SHOWN + 1);
  const [only, ...others] = candidates;
  if (only && others.length === 0) return only;
  if (only) {
    const listed = candidates
      .slice(0, SHOWN)
      .map(({ run }) => `${run.id}  ${oneLine(run.name)}  ${oneLine(run.deployment)}  ${run.state.type}`);
    const more = candidates.length > SHOWN ? ["…"] : [];
    throw new UserError(
      `RUN ${quoted(ref)} is ambiguous; give a longer prefix of the id:\n${[...listed, ...more].map((line) => `  ${line}`).join("\n")}`,
    );
  }
  const near = nearest(ref, await context.ledger.recentNames(1000));
  const hint = near.length > 0 ? `did you mean ${near.map(quoted).join(" or ")}?` : "`pushpool ls` lists the runs";
  throw new UserError(`there is no run ${quoted(ref)} (RUN is an id, a unique prefix of one, or a name): ${hint}`);
}
