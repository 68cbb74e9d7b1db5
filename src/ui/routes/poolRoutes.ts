import type { Hono } from "hono";
import { changePool, poolList } from "../poolList";
import { answer } from "../problem";
import type { Ui } from "../ui";

/** Work pools, and their pause. */
export function addPoolRoutes(app: Hono, ui: Ui): void {
  app.get("/api/pools", async (context) => answer(context, await poolList(ui)));

  for (const [verb, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    app.post(`/api/pools/:name/${verb}`, async (context) =>
      answer(context, { pool: await changePool(ui, context.req.param("name"), paused) }),
    );
  }
}
