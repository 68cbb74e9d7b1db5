import type { Context, Hono } from "hono";
import type { JsonObject } from "../../../json";
import { exchange } from "../shared/exchange";
import type { Served } from "../shared/listen";
import { errorOf } from "./googleFaults";
import type { CallRecord, Parts } from "./googleServer";
import { federatedPrincipal, StsError } from "./workloadIdentity";

interface TokenAnswer {
  status: 200 | 400 | 403;
  reply: JsonObject;
}

/** The endpoints that issue access tokens: `oauth2.token` for the keys of service accounts, `sts.token` for identity tokens. */
export function tokenEndpoints(app: Hono<Served>, parts: Parts): void {
  app.post("/token", (context) =>
    called(parts, context, "oauth2.token", async (field): Promise<TokenAnswer> => {
      const given = await parts.bearer.exchange(field("assertion"), new URL(context.req.url).href);
      if (typeof given === "string") return { status: 400, reply: { error: "invalid_grant", error_description: given } };
      return { status: 200, reply: { access_token: given.token, expires_in: given.seconds, token_type: "Bearer" } };
    }),
  );
  app.post("/v1/token", (context) => called(parts, context, "sts.token", (field) => exchangedToken(parts, field)));
}

/** One call. Its record has neither the assertion nor the token. */
async function called(
  { faults, calls, world }: Parts,
  context: Context<Served>,
  method: "oauth2.token" | "sts.token",
  answer: (field: (name: string) => string) => Promise<TokenAnswer>,
): Promise<Response> {
  const form = await context.req.parseBody();
  const record: CallRecord = { method, path: new URL(context.req.url).pathname, body: {}, status: 0, reply: {} };
  calls.push(record);
  let answered: TokenAnswer = { status: 200, reply: {} };
  return exchange({
    incoming: context.env.incoming,
    record,
    fault: faults.take(method),
    latency: world.options.latency,
    errorOf,
    answer: async () => {
      answered = await answer((name) => String(form[name] ?? ""));
      return {};
    },
    success: () => answered.status,
    respond: (status, reply, error) => Response.json(error ? reply : answered.reply, { status }),
  });
}

/**
 * The token service (https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token). Its tokens allow only what the bindings of the
 * principal allow.
 */
async function exchangedToken(
  { world, bearer }: Pick<Parts, "world" | "bearer">,
  field: (name: string) => string,
): Promise<{ status: 200 | 400 | 403; reply: JsonObject }> {
  const grant = "urn:ietf:params:oauth:grant-type:token-exchange";
  try {
    if (!world.services.has("sts.googleapis.com"))
      throw new StsError("invalid_request", "Security Token Service API has not been used in this project before or it is disabled.");
    if (field("grant_type") !== grant) throw new StsError("invalid_request", `Invalid value for "grant_type". Supported: ${grant}.`);
    if (!["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"].includes(field("subject_token_type")))
      throw new StsError("invalid_request", 'Invalid value for "subject_token_type".');
    const { member, sets } = await federatedPrincipal(world, field("audience"), field("subject_token"));
    world.iam.sets.set(member, sets);
    const { token, seconds } = bearer.give(member, world.options.tokenLifetime);
    const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
    return { status: 200, reply: { access_token: token, issued_token_type, token_type: "Bearer", expires_in: seconds } };
  } catch (error) {
    if (!(error instanceof StsError)) throw error;
    const { code, message } = error;
    return { status: code === "unauthorized_client" ? 403 : 400, reply: { error: code, error_description: message } };
  }
}
