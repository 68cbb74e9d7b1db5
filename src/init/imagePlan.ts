import { type Dockerfile, DockerfileFault, readDockerfile } from "../dockerContext";
import type { PrefectYaml } from "../prefectYaml";
import { UserError } from "../userError";

/** The image that the pools of a new project build. */
export interface ImagePlan {
  /** The files to write, by name: a Dockerfile and a .dockerignore, if there is none. */
  files: Record<string, string>;
  /** Whether the image has the entrypoint of Prefect's own images. */
  hasPrefectEntrypoint: boolean;
}

/** The folder of the project, as far as an image depends on it. */
export interface ImageInput {
  prefectYaml?: PrefectYaml | undefined;
  /** The names of the existing files in the folder. */
  present: readonly string[];
  /** Read one of them. */
  read(name: string): string;
}

/** The Python of an image, if the project does not say which. */
const PYTHON = "3.12";
/** The folder of the flows in the image. Paths of entrypoints begin there. */
const HOME = "/opt/flows";

/**
 * Plan the image for the flows of a prefect.yaml: from its Dockerfile, or with a new one for the packages that the project names.
 * @returns `undefined` if the project names none, or builds its images by steps of the prefect.yaml
 * @throws {UserError} for two lock files, and for a lock file without its project file
 */
export function planImage({ prefectYaml, present, read }: ImageInput): ImagePlan | undefined {
  if (!prefectYaml || hasBuildSteps(prefectYaml)) return undefined;
  const has = (name: string) => present.includes(name);
  if (has("Dockerfile")) {
    const own = ["Pulumi.*", "index.js", ...["package.json", "package-lock.json"].filter((name) => !has(name))];
    return { files: ignoring(has, own), hasPrefectEntrypoint: isFromPrefect(read("Dockerfile")) };
  }
  const install = installation(has, read);
  if (install === undefined) return undefined;
  const python = has(".python-version") ? (/^\s*(?:cpython-)?(3\.\d+)/.exec(read(".python-version"))?.[1] ?? PYTHON) : PYTHON;
  const Dockerfile = dockerfile(python, install, has("src"));
  const own = ["Dockerfile", ".dockerignore", "prefect.yaml", "Pulumi.*", "index.js", "package.json", "package-lock.json"];
  return { files: { Dockerfile, ...ignoring(has, own) }, hasPrefectEntrypoint: false };
}

/** How a Dockerfile installs the packages of a project. */
type Installation =
  /** Into the image's own Python. */
  | { kind: "pip"; copy: string }
  /** Into a virtual environment, in a stage of its own. `tool`: how the installer gets there. */
  | { kind: "lock"; copy: string; tool: string[]; run: string };

function installation(has: (name: string) => boolean, read: (name: string) => string): Installation | undefined {
  if (has("uv.lock") && has("poetry.lock"))
    throw new UserError(
      "uv.lock and poetry.lock both exist, and only one of them can say which packages an image has: delete the one that the project does not use, or write a Dockerfile",
    );
  const lock = ["uv.lock", "poetry.lock"].find(has);
  if (lock !== undefined && !has("pyproject.toml"))
    throw new UserError(`${lock} needs a pyproject.toml beside it, but there is none: add it, delete ${lock}, or write a Dockerfile`);
  if (lock === "uv.lock")
    return {
      kind: "lock",
      copy: "pyproject.toml uv.lock",
      tool: ["COPY --from=ghcr.io/astral-sh/uv:0.8 /uv /bin/", "ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0"],
      run: "RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev --no-install-project",
    };
  if (lock === "poetry.lock")
    return {
      kind: "lock",
      copy: "pyproject.toml poetry.lock",
      tool: [
        'RUN --mount=type=cache,target=/root/.cache/pip pip install "poetry>=2,<3"',
        "ENV POETRY_VIRTUALENVS_IN_PROJECT=1 POETRY_NO_INTERACTION=1",
      ],
      run: "RUN --mount=type=cache,target=/root/.cache/pypoetry poetry install --only main --no-root",
    };
  if (!has("requirements.txt")) return undefined;
  // Other files that it names must be there too.
  const isAlone = !/^\s*(-r|-c|-e|--requirement|--constraint|--editable|\.|file:)/m.test(read("requirements.txt"));
  return { kind: "pip", copy: isAlone ? "requirements.txt" : "." };
}

const LAYER = "# The packages are a layer of their own: a changed flow does not install them again.";
const USER = "# Flows need no rights of root.";

function dockerfile(python: string, install: Installation, hasSrc: boolean): string {
  const user = [USER, "RUN useradd --create-home --uid 10001 flows", `WORKDIR ${HOME}`];
  const path = hasSrc ? [`ENV PYTHONPATH=${HOME}/src`] : [];
  const end = ["COPY . .", "USER flows"];
  const lines =
    install.kind === "pip"
      ? [
          `FROM python:${python}-slim`,
          "ENV PYTHONUNBUFFERED=1",
          ...path,
          ...user,
          ...(install.copy === "." ? [] : [LAYER]),
          `COPY ${install.copy} ./`,
          "RUN --mount=type=cache,target=/root/.cache/pip pip install --requirement requirements.txt",
          ...(install.copy === "." ? ["USER flows"] : end),
        ]
      : [
          `FROM python:${python}-slim AS packages`,
          ...install.tool,
          `WORKDIR ${HOME}`,
          LAYER,
          `COPY ${install.copy} ./`,
          install.run,
          "",
          `FROM python:${python}-slim`,
          `ENV PYTHONUNBUFFERED=1 PATH=${HOME}/.venv/bin:$PATH`,
          ...path,
          ...user,
          `COPY --from=packages ${HOME}/.venv .venv`,
          ...end,
        ];
  return `# syntax=docker/dockerfile:1\n${lines.join("\n")}\n`;
}

/** A .dockerignore, if there is none. Without it, the context would contain node_modules and secrets. */
function ignoring(has: (name: string) => boolean, own: readonly string[]): Record<string, string> {
  if (has(".dockerignore")) return {};
  return { ".dockerignore": `${[".git", ".venv", "node_modules", "**/__pycache__", ".env", ".env.*", ...own].join("\n")}\n` };
}

function isFromPrefect(text: string): boolean {
  const { stages } = readable(text);
  const baseOf = (index: number): string => {
    const { base = "" } = stages[index] ?? {};
    const before = stages.slice(0, index).findIndex(({ name }) => name === base.toLowerCase());
    return before === -1 ? base : baseOf(before);
  };
  return /(^|\/)prefecthq\/prefect/.test(baseOf(stages.length - 1));
}

/** @throws {UserError} with the line, if Docker would refuse it */
function readable(text: string): Dockerfile {
  try {
    return readDockerfile(text);
  } catch (error) {
    if (error instanceof DockerfileFault) throw new UserError(`Dockerfile is invalid: ${error.message}`);
    throw error;
  }
}

/** Whether `deploy` builds images. */
function hasBuildSteps({ deployments, actions }: PrefectYaml): boolean {
  return [actions.build, ...deployments.map(({ config }) => config.build)].some((steps) => Array.isArray(steps) && steps.length > 0);
}
