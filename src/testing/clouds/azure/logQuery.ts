import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { CloudError } from "../shared/exchange";
import { words } from "../shared/words";
import type { Answer, Call, Operation } from "./api";
import type { Row } from "./workspaces";

/** An error as the query API of Log Analytics answers it. */
class QueryError extends CloudError {
  constructor(status: number, code: string, message: string, innererror?: JsonObject) {
    super(message, status, { error: { message, code, correlationId: randomUUID(), ...(innererror ? { innererror } : {}) } });
  }
}

/** Columns of a custom log that Container Instances writes. */
const COLUMNS = words(`
  TenantId SourceSystem TimeGenerated ContainerGroup_s ContainerID_s ContainerImage_s ContainerName_s ContainerGroupInstanceId_g
  Location_s OSType_s ResourceGroup SubscriptionId Source_s LogType_s Message Type
`);

/** The most rows of an answer. */
const MAX_ROWS = 30_000;

/** The query API of Log Analytics (https://learn.microsoft.com/rest/api/loganalytics/query). */
export const LOG_OPERATIONS: readonly Operation[] = [
  { action: "logs/query", verb: "POST", pattern: /^\/v1\/workspaces\/(?<workspace>[^/]+)\/query$/, handle: queried },
];

/**
 * A query of a workspace. Of the query language the fake knows `where` (==, !=, =~, contains, in, comparisons of times, and, or), `order by`,
 * `take`, `project` and `extend` of nothing.
 * @throws {QueryError}
 */
function queried({ world, caller, path: { workspace: customerId = "" }, body }: Call): Answer {
  const workspace = world.workspaces.withCustomerId(customerId);
  if (!workspace) throw new QueryError(404, "WorkspaceNotFoundError", `The workspace ${customerId} could not be found`);
  if (!world.access.allows(caller, "Microsoft.OperationalInsights/workspaces/query/read", workspace.id))
    throw new QueryError(
      403,
      "InsufficientAccessError",
      "The provided credentials have insufficient access to perform the requested operation",
    );
  const { query } = body;
  if (typeof query !== "string" || query.trim() === "") throw badQuery("SyntaxError", "A query must be given.");
  const [table = "", ...steps] = pieces(query, "|").map((piece) => piece.trim());
  const now = Date.now();
  const readable = (world.workspaces.rows.get(customerId) ?? []).filter((row) => row.table === table && row.readableAt <= now);
  // A custom log has no table before its first row.
  if (readable.length === 0)
    throw badQuery("SemanticError", `'where' operator: Failed to resolve table or column expression named '${table}'`);
  let rows = readable.filter(inTimespan(body.timespan));
  let columns = [...COLUMNS];
  for (const step of steps) {
    const [, verb = "", rest = ""] = /^(order by|sort by|\w+)\s*([\s\S]*)$/.exec(step) ?? [];
    if (verb === "where") rows = rows.filter(condition(rest));
    else if (verb === "order by" || verb === "sort by") rows = ordered(rows, rest);
    else if (verb === "take" || verb === "limit") rows = rows.slice(0, Number(rest));
    else if (verb === "project") columns = pieces(rest, ",").map((name) => column(name.trim()));
    else throw badQuery("SyntaxError", `The fake does not know the operator '${verb}'.`);
  }
  const shown = rows.slice(0, MAX_ROWS);
  const tables = [
    {
      name: "PrimaryResult",
      columns: columns.map((name) => ({ name, type: name === "TimeGenerated" ? "datetime" : "string" })),
      rows: shown.map(({ values }) => columns.map((name) => values[name] ?? "")),
    },
  ];
  return { body: { tables } };
}

function badQuery(code: "SyntaxError" | "SemanticError", message: string): QueryError {
  return new QueryError(400, "BadArgumentError", "The request had some invalid properties", {
    code,
    message: "A semantic or syntax error occurred.",
    innererror: { code: "SEM0100", message },
  });
}

/** Cut at a character outside of quotes. */
function pieces(text: string, sign: string): string[] {
  const found: string[] = [];
  let piece = "";
  let quote = "";
  for (const letter of text) {
    if (quote !== "") quote = letter === quote ? "" : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    if (letter === sign && quote === "") {
      found.push(piece);
      piece = "";
    } else piece += letter;
  }
  return [...found, piece];
}

function column(name: string): string {
  if (COLUMNS.includes(name)) return name;
  throw badQuery("SemanticError", `'project' operator: Failed to resolve scalar expression named '${name}'`);
}

type Test = (row: Row) => boolean;

/** `a and b or c`: `and` binds more. */
function condition(text: string): Test {
  const any = splitWord(text, "or").map((part) => splitWord(part, "and").map(comparison));
  return (row) => any.some((all) => all.every((test) => test(row)));
}

function splitWord(text: string, word: string): string[] {
  const parts: string[] = [];
  let from = 0;
  // Words between quotes do not count.
  for (const match of text.matchAll(new RegExp(`"(?:[^"\\\\]|\\\\.)*"|'[^']*'|\\b${word}\\b`, "g"))) {
    if (match[0] !== word) continue;
    parts.push(text.slice(from, match.index));
    from = match.index + word.length;
  }
  return [...parts, text.slice(from)];
}

function comparison(text: string): Test {
  const bare = text
    .trim()
    .replace(/^\((.*)\)$/s, "$1")
    .trim();
  const [, name = "", operator = "", rest = ""] = /^(\w+)\s*(==|!=|=~|>=|<=|>|<|\bcontains\b|\bin\b)\s*([\s\S]+)$/.exec(bare) ?? [];
  if (operator === "") throw badQuery("SyntaxError", `The fake cannot read the condition '${bare}'.`);
  const key = column(name);
  const value = ({ values }: Row) => values[key] ?? "";
  if (operator === "in") {
    const wanted = pieces(rest.trim().replace(/^\((.*)\)$/s, "$1"), ",").map((each) => literal(each.trim()));
    return (row) => wanted.includes(value(row));
  }
  const wanted = literal(rest.trim());
  switch (operator) {
    case "==":
      return (row) => value(row) === wanted;
    case "!=":
      return (row) => value(row) !== wanted;
    case "=~":
      return (row) => value(row).toLowerCase() === wanted.toLowerCase();
    case "contains":
      return (row) => value(row).toLowerCase().includes(wanted.toLowerCase());
    case ">":
      return (row) => value(row) > wanted;
    case ">=":
      return (row) => value(row) >= wanted;
    case "<":
      return (row) => value(row) < wanted;
    default:
      return (row) => value(row) <= wanted;
  }
}

/** A string, `datetime(…)` or `ago(…)`, as a string. */
function literal(text: string): string {
  const [, time] = /^datetime\(\s*["']?([^"')]+)["']?\s*\)$/.exec(text) ?? [];
  if (time !== undefined) return new Date(time).toISOString();
  const [, amount, unit = ""] = /^ago\((\d+)([smhd])\)$/.exec(text) ?? [];
  if (amount !== undefined) return new Date(Date.now() - Number(amount) * (UNITS[unit] ?? 0)).toISOString();
  const [, double, single] = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')$/s.exec(text) ?? [];
  if (double !== undefined) return JSON.parse(`"${double}"`) as string;
  if (single !== undefined) return single;
  throw badQuery("SyntaxError", `The fake cannot read the value '${text}'.`);
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Kusto sorts downwards unless a query says otherwise. */
function ordered(rows: readonly Row[], text: string): Row[] {
  const keys = pieces(text, ",").map((each) => {
    const [name = "", direction = "desc"] = each.trim().split(/\s+/);
    return { name: column(name), sign: direction === "asc" ? 1 : -1 };
  });
  return [...rows].sort((a, b) => {
    for (const { name, sign } of keys) {
      const [one = "", other = ""] = [a.values[name], b.values[name]];
      if (one !== other) return one < other ? -sign : sign;
    }
    return 0;
  });
}

/** `P1D`, `PT2H`, or a start and an end with a slash between. */
function inTimespan(timespan: unknown): Test {
  if (typeof timespan !== "string") return () => true;
  const [, days, hours, minutes, seconds] = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(timespan) ?? [];
  const [from = "", to = ""] = timespan.split("/");
  const length = ((Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0);
  const start = timespan.includes("/") ? new Date(from).toISOString() : new Date(Date.now() - length * 1000).toISOString();
  const end = timespan.includes("/") ? new Date(to).toISOString() : new Date().toISOString();
  return ({ values: { TimeGenerated = "" } }) => TimeGenerated >= start && TimeGenerated <= end;
}
