import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, rootCertificates } from "node:tls";
import { describeFileError } from "../../fileErrors";
import { UserError } from "../../userError";
import type { LedgerUrl } from "./ledgerUrl";

/** One way to connect: without TLS, or with it. */
export type TlsAttempt = false | ConnectionOptions;

/**
 * The ways to connect, in their order, by what `sslmode` means to libpq
 * (https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION). The driver `pg` gives these modes another meaning.
 *
 * `verify-ca` and `verify-full` check against `sslrootcert`, else `~/.postgresql/root.crt`, else the public authorities. libpq refuses the
 * last one unless `sslrootcert=system`; here it makes `verify-full` work with a managed database without a file.
 * @throws {UserError} if a file cannot be read
 */
export function tlsAttempts(url: LedgerUrl): readonly TlsAttempt[] {
  // A Unix socket has no TLS.
  if (url.sslMode === "disable" || url.host?.startsWith("/")) {
    if (!url.requiresBinding) return [false];
    throw new UserError("the URL of the ledger: channel_binding=require needs TLS, which sslmode=disable and a Unix socket do not have");
  }
  const tls = tlsOptions(url);
  if (url.requiresBinding) return [tls];
  switch (url.sslMode) {
    case "allow":
      return [false, tls];
    case "prefer":
      return [tls, false];
    default:
      return [tls];
  }
}

function tlsOptions({ sslMode, sslRootCert, sslCert, sslKey, sslPassword }: LedgerUrl): ConnectionOptions {
  const root = sslRootCert ?? ifThere("root.crt");
  const verifies = sslMode === "verify-full" || sslMode === "verify-ca" || (sslMode === "require" && root !== undefined);
  const cert = sslCert ?? ifThere("postgresql.crt");
  const key = sslKey ?? (cert === undefined ? undefined : ifThere("postgresql.key"));
  return {
    rejectUnauthorized: verifies,
    // Only verify-full compares the name of the host.
    ...(verifies && sslMode !== "verify-full" ? { checkServerIdentity: () => undefined } : {}),
    ...(verifies ? { ca: root === undefined || root === "system" ? [...rootCertificates] : textOf("sslrootcert", root) } : {}),
    ...(cert === undefined ? {} : { cert: textOf("sslcert", cert) }),
    ...(key === undefined ? {} : { key: textOf("sslkey", key) }),
    ...(sslPassword === undefined ? {} : { passphrase: sslPassword }),
  };
}

function ifThere(name: string): string | undefined {
  const path = join(homedir(), ".postgresql", name);
  return existsSync(path) ? path : undefined;
}

function textOf(parameter: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UserError(`the URL of the ledger: ${parameter}: cannot read ${path}: ${describeFileError(error)}`);
  }
}
