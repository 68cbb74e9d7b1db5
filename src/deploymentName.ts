/**
 * The name that Prefect gives to a deployment of a prefect.yaml. Prefect takes a name that ends in `.py` as a file name and uses its stem
 * (`RunnerDeployment.validate_name`: `Path(value).stem`). It keeps every other name.
 *
 * @example deployedName("flows/train.py") // "train"
 * @example deployedName("v1.2") // "v1.2"
 */
export function deployedName(given: string): string {
  if (!given.endsWith(".py")) return given;
  const file = given.split("/").at(-1) as string;
  const dot = file.lastIndexOf(".");
  return dot > 0 ? file.slice(0, dot) : file;
}

/**
 * The names under which a deployment `FLOW/DEPLOYMENT` may be stored: the given one first, then the one with or without `.py`
 * (`hello/train` and `hello/train.py`). Versions before 0.2 stored names with their `.py`.
 */
export function spellings(name: string): [string, string] {
  const slash = name.indexOf("/");
  const deployment = name.slice(slash + 1);
  const other = deployment.endsWith(".py") ? deployedName(deployment) : `${deployment}.py`;
  return [name, `${name.slice(0, slash + 1)}${other}`];
}
