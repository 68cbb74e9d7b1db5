import type { Hono } from "hono";
import { deploymentDetail, deploymentList } from "../deploymentList";
import { answer } from "../problem";
import type { Ui } from "../ui";

/** Deployments, and one of them. */
export function addDeploymentRoutes(app: Hono, ui: Ui): void {
  app.get("/api/deployments", async (context) => answer(context, await deploymentList(ui)));

  app.get("/api/deployments/:flow/:name", async (context) => {
    const { flow, name } = context.req.param();
    return answer(context, await deploymentDetail(ui, `${flow}/${name}`));
  });
}
