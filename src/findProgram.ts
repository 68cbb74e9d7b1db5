/**
 * Find a program as a shell does.
 * @param name of the program, or a path to it
 * @param env with `PATH`; without it no program is found by its name
 * @returns the path of its executable file; `undefined` if there is none
 */
export function findProgram(name: string, env: NodeJS.ProcessEnv): string | undefined {
  // Without a path, `which` looks at this process's own PATH.
  if (!env.PATH && !name.includes("/")) return undefined;
  // Loaded only here: most commands start no program by its name.
  const which = require("which") as typeof import("which");
  return which.sync(name, { path: env.PATH, nothrow: true }) ?? undefined;
}
