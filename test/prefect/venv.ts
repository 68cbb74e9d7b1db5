import { pythonVenv } from "../pythonVenv";

/** What a real Prefect server takes; the newest fastapi and SQLAlchemy that it allows break it. */
const REQUIREMENTS = ["prefect==3.8.8", "fastapi>=0.139,<0.150", "sqlalchemy<2.1"];

/** The folder of a venv with Prefect in it. */
export async function prefectVenv(): Promise<string> {
  return pythonVenv("prefect", REQUIREMENTS);
}
