/**
 * Where a flow is: in a `file`, by its path from the run's working directory; or in a `module`, by the name that Python imports. `name` may have
 * dots (`Class.method`).
 */
export type Entrypoint = { kind: "file"; path: string; name: string } | { kind: "module"; module: string; name: string };

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*(\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u;

/**
 * Parse an entrypoint in any of Prefect's forms: `path/file.py:func`, `pkg.mod:func`, `pkg.mod.func`.
 * https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml
 * @returns the entrypoint, or why it is invalid, as the end of a sentence that begins with its path
 */
export function parseEntrypoint(text: string): Entrypoint | { fault: string } {
  const colon = text.lastIndexOf(":");
  if (colon < 0 && (/\.py$/.test(text) || text.includes("/")))
    return { fault: `"${text}" names no function: write it as ${text.endsWith(".py") ? text : "path/file.py"}:function` };
  const cut = colon >= 0 ? colon : text.lastIndexOf(".");
  if (cut < 0) return { fault: `"${text}" names no function: write it as path/file.py:function or package.module.function` };
  const [place, name] = [text.slice(0, cut), text.slice(cut + 1)];
  if (!NAME.test(name)) return { fault: `"${text}": "${name}" is not a valid function name` };
  if (place.endsWith(".py") || place.includes("/")) {
    return place.endsWith(".py")
      ? { kind: "file", path: place, name }
      : { fault: `"${text}": ${place} is not a Python file: its name must end in .py` };
  }
  if (!NAME.test(place)) return { fault: `"${text}": "${place}" is neither a Python file nor a valid module name` };
  return { kind: "module", module: place, name };
}
