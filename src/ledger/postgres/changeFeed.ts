import { setTimeout as sleep } from "node:timers/promises";
import { v4 as uuid } from "uuid";
import type { ChangeFeed } from "../ledger";
import type { PostgresDatabase } from "./database";

/** How long a notice to oneself may take, in milliseconds, before the line counts as deaf. */
const ECHO = 10_000;
/** How long to wait before another connection is tried, in milliseconds. */
const RETRY = { first: 500, longest: 15_000 };

/** The channel of a ledger's changes. A notice names the stack that has changed. */
export const channelOf = (schema: string) => `pushpool ${schema}`;

/**
 * Hear of changes by LISTEN, on a connection of its own. Behind a pooler in transaction mode nothing is heard, without an error; so the
 * line first sends a notice to itself.
 * @param onChange gets the stack; `undefined`: anything may have changed, because the line was down, or has just failed
 */
export function openChangeFeed(
  db: Pick<PostgresDatabase, "connection" | "read">,
  channel: string,
  onChange: (stack: string | undefined) => void,
): ChangeFeed {
  const closed = new AbortController();
  let isLive = false;

  async function listen(): Promise<"deaf" | "broken"> {
    const client = await db.connection();
    const broken = new Promise<"broken">((resolve) => {
      client.on("error", () => resolve("broken"));
      client.on("end", () => resolve("broken"));
      closed.signal.addEventListener("abort", () => resolve("broken"), { once: true });
    });
    try {
      const echo = `echo ${uuid()}`;
      const heard = new Promise<"heard">((resolve) => {
        client.on("notification", ({ payload = "" }) => {
          if (payload === echo) resolve("heard");
          else if (!payload.startsWith("echo ")) onChange(payload);
        });
      });
      await client.query(`LISTEN "${channel}"`);
      await db.read("SELECT pg_notify($1, $2)", [channel, echo]);
      const given = new AbortController();
      const first = await Promise.race([
        heard,
        broken,
        sleep(ECHO, "deaf" as const, { signal: given.signal }).catch(() => "broken" as const),
      ]);
      given.abort();
      if (first !== "heard") return first;
      isLive = true;
      onChange(undefined);
      return await broken;
    } finally {
      isLive = false;
      await Promise.race([client.end().catch(() => {}), sleep(1_000, undefined, { ref: false })]);
    }
  }

  async function keepListening(): Promise<void> {
    let pause = RETRY.first;
    while (!closed.signal.aborted) {
      const began = Date.now();
      const end = await listen().catch(() => "broken" as const);
      // Only polling helps there.
      if (end === "deaf" || closed.signal.aborted) return;
      onChange(undefined);
      pause = Date.now() - began > RETRY.longest ? RETRY.first : Math.min(pause * 2, RETRY.longest);
      await sleep(pause, undefined, { signal: closed.signal, ref: false }).catch(() => {});
    }
  }
  void keepListening();
  return { isLive: () => isLive, close: () => closed.abort() };
}
