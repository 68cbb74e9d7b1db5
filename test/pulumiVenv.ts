import { pythonVenv } from "./pythonVenv";

/** The folder of a venv with Pulumi's SDK for Python in it. */
export function pulumiVenv(): Promise<string> {
  return pythonVenv("pulumi", ["pulumi==3.272.0"]);
}
