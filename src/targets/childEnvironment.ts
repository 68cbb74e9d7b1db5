/** Names that only the caller needs: `PULUMI_…` can contain a stack's passphrase, `npm_…` a registry's token. */
const PRIVATE = /^(PULUMI_|PUSHPOOL_|npm_)/;
/** A run chooses its own Prefect API and login. */
const PREFECT = /^PREFECT_(API_|_|PROFILE|CLOUD_|CLIENT_CUSTOM_HEADERS|HOME$)/;
const OTHERS = new Set(["INIT_CWD", "NODE_COMPILE_CACHE"]);

/**
 * The environment of a command on this machine: the caller's without private variables, overridden by the job's. Every child that runs user
 * code gets its environment from here.
 */
export function childEnvironment(caller: NodeJS.ProcessEnv, job: Record<string, string>): Record<string, string> {
  const inherited = Object.entries(caller).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !PRIVATE.test(entry[0]) && !PREFECT.test(entry[0]) && !OTHERS.has(entry[0]),
  );
  return { ...Object.fromEntries(inherited), ...job };
}
