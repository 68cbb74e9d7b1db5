// First: with an older node, vitest hangs.
import "./scripts/needsNode.cjs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { filesThatShare } from "./test/sharing.mts";

const results = process.env.PUSHPOOL_TEST_RESULTS;

/**
 * Files that only call functions: they change no environment, no clock and no module, and start nothing. They share processes, so that
 * modules are loaded once. Half of the processor time of such a file is the start of its process. `test/pure.test.ts` checks them.
 */
const PURE = [
  "test/{arrows,deploymentName,duration,jsonText,redactor,shown,textFile,unknown,uvSettings}.test.ts",
  "test/cli/{prettyJson,program,screen}.test.ts",
  "test/engine/{decide,plan,registry,secretValues,targets}.test.ts",
  "test/{manifest/{cloudNames,parseManifest},prefectYaml/{pyYaml,schedules}}.test.ts",
  "test/{entrypoint/parseEntrypoint,init/aws,provider/{dispatch,flowRunInputs}}.test.ts",
  "test/schedules/{calendar,due,occurrences,prefect,refused}.test.ts",
  "test/{runs/listeners,serve/choose,serverRuns/{claim,turns}}.test.ts",
  "test/targets/*/*{Buckets,Failures,Fields,Outcome,Plan,Permissions}.test.ts",
  "test/targets/{jobValues,kinds,cloud/{cleanLabels,gather,logPosition},ecs/fargate}.test.ts",
  "test/template/*.test.ts",
];

const SHARED = filesThatShare(import.meta.dirname);

/** Files that take minutes, then slow ones. If a slow one began last, the other workers would wait for it. */
const SLOW = [
  /engine\/conformance\.|e2e\/keyRotation\.|deployments\/server\.|prefect\/versions\./,
  /e2e\/(flowRun|orphans|\w+Permissions|clouds\/(pools|given|images|registered|runs))|provider\/flowRunResource\.|server\/(limits|queues)\./,
  /components\/prefect\/|deployments\/triggers\.|e2e\/(\w*(Pools|Federation)\.|containerInstances\.|ecs\.|prefect|twoStacks)|engine\/(engine|killed)\.|package\/pack\.|prefect\/(badInput|cli|deployCli|renamed|serve|server)|schedules\/random\.|serverRuns\/(serverRuns|workerVoice)\.|cloud\/(lastStep|silence)\./,
  /\/(browser|e2e|engine|entrypoint|package|plugin|prefect|provider|serve|serverRuns)\/|components\/(formerStack|programs|schema)\.|deployments\/onlyOnCloud\.|docs\/(blocks|fromPrefect|prefectYaml)\.|ledger\/(moveKilled|pgbouncer|postgres)|killPoints\.|toy\/fifth\./,
];

/** Vitest sorts files by the time that they took before. In a clean clone it knows only their sizes, which mean little here. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => rankOf(one) - rankOf(other));
  }
}

/** A process ends when the next file is of another project. So the files that share processes must follow each other. */
function rankOf({ moduleId, project }: TestSpecification): number {
  const slow = SLOW.findIndex((files) => files.test(moduleId));
  const rank = slow < 0 ? SLOW.length : slow;
  if (project.name === "shared") return SLOW.length + rank;
  return project.name === "isolated" && slow >= 0 ? slow : 2 * SLOW.length + (project.name === "isolated" ? 1 : 2);
}

/** Everywhere: most tests take seconds, but a loaded machine may take minutes. */
const PATIENT = { testTimeout: 180_000, hookTimeout: 240_000, expect: { poll: { timeout: 150_000 } } };

/** The end-to-end tests run the built CLI, and some of the others do. */
const SETUP = ["scripts/buildIfNeeded.mts", "test/memoryFolder.ts", "test/compiledCode.ts", "test/sdkFlags.ts", "test/quickPython.ts"];

export default defineConfig({
  test: {
    // Three times as many as CI has cores: tests wait for servers, containers and timers. With six, the cores idle for 2 % of the time.
    maxWorkers: 6,
    sequence: { sequencer: SlowestFirst },
    reporters: results ? ["default", ["json", { outputFile: results }]] : ["default"],
    projects: [
      {
        test: {
          name: "isolated",
          include: ["test/**/*.test.ts"],
          exclude: ["test/fixtures/**", "test/soak/**", ...PURE, ...SHARED],
          globalSetup: [...SETUP, "test/browser/launcher.ts"],
          ...PATIENT,
        },
      },
      { test: { name: "shared", include: SHARED, exclude: PURE, isolate: false, globalSetup: SETUP, ...PATIENT } },
      { test: { name: "pure", include: PURE, isolate: false, globalSetup: ["test/sdkFlags.ts"], ...PATIENT } },
    ],
  },
});
