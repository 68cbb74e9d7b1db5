/** Names that are the caller's business alone: `PULUMI_…` can hold a stack's passphrase, `npm_…` a registry's token. */
const PRIVATE = /^(PULUMI_|PUSHPOOL_|npm_)/;
/** Which Prefect API a run talks to, and as whom, is the run's own matter. */
const PREFECT = /^PREFECT_(API_|_|PROFILE|CLOUD_|CLIENT_CUSTOM_HEADERS|HOME$)/;
const OTHERS = new Set(["INIT_CWD", "NODE_COMPILE_CACHE"]);

/**
 * The environment of a command that runs here: the caller's, less what is private to the caller, with the job's own over it.
 * Every child that runs user code gets its environment from here.
 */
export function childEnvironment(caller: NodeJS.ProcessEnv, job: Record<string, string>): Record<string, string> {
  const inherited = Object.entries(caller).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !PRIVATE.test(entry[0]) && !PREFECT.test(entry[0]) && !OTHERS.has(entry[0]),
  );
  return { ...Object.fromEntries(inherited), ...job };
}
