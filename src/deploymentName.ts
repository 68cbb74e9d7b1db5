/**
 * The name under which Prefect deploys what a prefect.yaml names: a name that ends in `.py` is taken for a file, and its stem is the name
 * (`RunnerDeployment.validate_name`: `Path(value).stem`). Any other name stays as it is.
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
 * The names by which a deployment may be stored that a person means by `FLOW/DEPLOYMENT`: as given, then in the other spelling
 * (`hello/train` and `hello/train.py`). Versions before 0.2 stored a name that ends in `.py` as it was.
 */
export function spellings(name: string): [string, string] {
  const slash = name.indexOf("/");
  const deployment = name.slice(slash + 1);
  const other = deployment.endsWith(".py") ? deployedName(deployment) : `${deployment}.py`;
  return [name, `${name.slice(0, slash + 1)}${other}`];
}
