import { pythonVenv } from "../pythonVenv";

/** What a real Prefect server needs. Each version allows newer fastapi, SQLAlchemy and pydantic, which break it. */
const REQUIREMENTS = {
  "3.8.8": ["fastapi>=0.139,<0.150", "sqlalchemy<2.1", "tzdata"],
  // The oldest and the newest supported version.
  "3.0.11": ["fastapi<0.116", "sqlalchemy<2.1", "pydantic<2.10", "tzdata"],
  "3.9.1": ["fastapi>=0.139,<0.150", "sqlalchemy<2.1", "tzdata"],
} as const;

/**
 * With this environment, Python has the time zones of the package tzdata. Prefect lists all zones for each schedule that it reads. The
 * package has that list. For those of the system, Python walks 2,000 files: nearly half of the processor time of the tests' servers.
 */
export const PACKED_ZONES = { PYTHONTZPATH: "" };

export type PrefectVersion = keyof typeof REQUIREMENTS;

/** The folder of a venv with Prefect in it. Half of its modules are used, and the first server compiles these. */
export async function prefectVenv(version: PrefectVersion = "3.8.8"): Promise<string> {
  return pythonVenv("prefect", [`prefect==${version}`, ...REQUIREMENTS[version]], { compiled: false });
}
