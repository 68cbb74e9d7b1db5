import { type Context, Hono } from "hono";
import { admit, cookieHeader, type Lock, SAFE_HEADERS } from "./locked";
import { answer, problemOf, Refused } from "./problem";
import { addDeploymentRoutes } from "./routes/deploymentRoutes";
import { addListRoutes } from "./routes/listRoutes";
import { addPoolRoutes } from "./routes/poolRoutes";
import { addRunRoutes } from "./routes/runRoutes";
import type { StaticFile } from "./staticFiles";
import type { Ui } from "./ui";

export interface AppParts {
  ui: Ui;
  lock: Lock;
  files: ReadonlyMap<string, StaticFile>;
  /** Gets errors that are bugs. */
  onBug?: (error: unknown) => void;
}

/** The whole server of the page, without its port. */
export function createApp({ ui, lock, files, onBug = () => {} }: AppParts): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) context.header(name, value);
    const { method, url } = context.req;
    const { pathname, search } = new URL(url);
    const header = (name: string) => context.req.header(name);
    const visit = {
      method,
      target: `${pathname}${search}`,
      host: header("host"),
      origin: header("origin"),
      cookies: header("cookie"),
      site: header("sec-fetch-site"),
    };
    const admission = admit(visit, lock);
    switch (admission.kind) {
      case "pass":
        return next();
      case "enter":
        context.header("set-cookie", cookieHeader(lock));
        context.header("cache-control", "no-store");
        return context.redirect(admission.location, 303);
      case "again":
        context.header("cache-control", "no-store");
        return context.html('<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>pushpool</title>');
      case "refuse": {
        const { status, message } = admission;
        if (pathname.startsWith("/api/")) return answer(context, { message, exitCode: 2 }, status);
        return context.text(`pushpool: ${message}.\n`, status);
      }
    }
  });
  app.onError((error, context) => {
    const { status, problem } = problemOf(error);
    if (status === 500) onBug(error);
    return answer(context, problem, status);
  });

  addListRoutes(app, ui);
  addRunRoutes(app, ui);
  addDeploymentRoutes(app, ui);
  addPoolRoutes(app, ui);
  app.all("/api/*", (context) => {
    throw new Refused(404, `there is no ${context.req.method} ${context.req.path}`);
  });
  app.get("*", (context) => page(context, files));
  app.all("*", () => {
    throw new Refused(405, "pages can only be read");
  });
  return app;
}

/** A file, or the page itself, which finds its own way by the address. */
function page(context: Context, files: ReadonlyMap<string, StaticFile>): Response {
  const { path } = context.req;
  const isFile = /\.\w+$/.test(path) && path.startsWith("/assets/");
  const file = files.get(path) ?? (isFile ? undefined : files.get("/index.html"));
  if (!file) {
    const hint = isFile ? "there is no such file" : "the page is not part of this build: run `npm run build`";
    return context.text(`pushpool: ${hint}\n`, 404);
  }
  context.header("cache-control", file.caching);
  return context.body(file.read(), 200, { "content-type": file.type });
}
