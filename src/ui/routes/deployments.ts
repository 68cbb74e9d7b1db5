import type { Hono } from "hono";
import { listDeployments, readDeployment } from "../deployments";
import { answer } from "../problem";
import type { Ui } from "../ui";

/** Deployments, and one of them. */
export function addDeploymentRoutes(app: Hono, ui: Ui): void {
  app.get("/api/deployments", async (context) => answer(context, await listDeployments(ui)));

  app.get("/api/deployments/:flow/:name", async (context) => {
    const { flow, name } = context.req.param();
    return answer(context, await readDeployment(ui, `${flow}/${name}`));
  });
}
