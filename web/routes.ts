/** The pages, by their address. */
export type Route =
  | { page: "runs" }
  | { page: "run"; id: string }
  | { page: "deployments" }
  | { page: "deployment"; name: string }
  | { page: "newRun"; name: string }
  | { page: "pools" }
  | { page: "unknown" };

/** The page of a path such as `/deployments/hello/local`. */
export function routeOf(path: string): Route {
  const parts = path.split("/").slice(1).map(decoded);
  if (parts.at(-1) === "") parts.pop();
  const [head, first, second, third] = parts;
  if (parts.length === 0) return { page: "runs" };
  if (head === "runs" && first && parts.length === 2) return { page: "run", id: first };
  if (head === "pools" && parts.length === 1) return { page: "pools" };
  if (head !== "deployments") return { page: "unknown" };
  if (parts.length === 1) return { page: "deployments" };
  if (!first || !second || parts.length > 4 || (third !== undefined && third !== "new")) return { page: "unknown" };
  return { page: third === "new" ? "newRun" : "deployment", name: `${first}/${second}` };
}

export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

/** @param name `<flow name>/<deployment name>` */
export function deploymentPath(name: string): string {
  const cut = name.indexOf("/");
  return `/deployments/${encodeURIComponent(name.slice(0, cut))}/${encodeURIComponent(name.slice(cut + 1))}`;
}

/** The form for a new run. @param from a run whose parameters the form starts with */
export function newRunPath(name: string, from?: string): string {
  return `${deploymentPath(name)}/new${from === undefined ? "" : `?from=${encodeURIComponent(from)}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
