import { useCallback, useRef, useState } from "preact/hooks";
import type { NewRunRequest, RunChecked, RunCreated } from "../../src/ui/wire";
import { byPointer, NO_PROBLEMS, type Problems, placeText } from "../form/problems";
import { navigate } from "../navigation";
import { runPath } from "../routes";
import { RequestError, send } from "../server/request";
import { announce } from "../shell/announce";
import { newOwnKey } from "./ownKey";

export interface Submission {
  problems: Problems;
  /** What was wrong as a whole; undefined: nothing. */
  error: RequestError | Error | undefined;
  /** From a check; undefined: not checked since the last change. */
  warnings: readonly string[] | undefined;
  doing: "check" | "run" | undefined;
  setDraft(pointer: string, problem: string | undefined): void;
  /** After a change: forget what the last check said about it. */
  changed(problems: (before: Problems) => Problems): void;
  check(request: NewRunRequest): Promise<void>;
  run(request: NewRunRequest): Promise<void>;
}

/** Checks and sends a new run, and keeps what was wrong with it. */
export function useNewRun(): Submission {
  const [problems, setProblems] = useState<Problems>(NO_PROBLEMS);
  const [error, setError] = useState<RequestError | Error>();
  const [warnings, setWarnings] = useState<readonly string[]>();
  const [doing, setDoing] = useState<"check" | "run">();
  const drafts = useRef(new Map<string, string>());
  /** A request without an answer: it may have made a run. The same request again must not make a second one. */
  const unanswered = useRef<{ body: string; key: string } | undefined>(undefined);

  const setDraft = useCallback((pointer: string, problem: string | undefined) => {
    if (problem === undefined) drafts.current.delete(pointer);
    else drafts.current.set(pointer, problem);
  }, []);

  const attempt = async (action: "check" | "run", work: () => Promise<void>) => {
    setError(undefined);
    setWarnings(undefined);
    if (drafts.current.size > 0) {
      setError(new Error([...drafts.current].map(([pointer, problem]) => `${placeText(pointer)}: ${problem}`).join("\n")));
      return focusFirst([...drafts.current.keys()]);
    }
    setDoing(action);
    try {
      await work();
      setProblems(NO_PROBLEMS);
    } catch (failure) {
      if (!(failure instanceof RequestError)) throw failure;
      const wrong = byPointer(failure.problem.fields);
      setProblems(wrong);
      setError(failure);
      focusFirst([...wrong.keys()]);
    } finally {
      setDoing(undefined);
    }
  };

  return {
    problems,
    error,
    warnings,
    doing,
    setDraft,
    changed(change) {
      setProblems(change);
      setWarnings(undefined);
    },
    check: (request) =>
      attempt("check", async () => {
        const answer = await send<RunChecked>("POST", "/api/runs/check", request);
        setWarnings(answer.warnings);
        announce(answer.warnings.length === 0 ? "Checked: it can run" : "Checked, with warnings");
      }),
    run: (request) =>
      attempt("run", async () => {
        const body = JSON.stringify(request);
        const key = request.idempotencyKey ?? (unanswered.current?.body === body ? unanswered.current.key : newOwnKey());
        unanswered.current = { body, key };
        const { run } = await send<RunCreated>("POST", "/api/runs", { ...request, idempotencyKey: key });
        navigate(runPath(run.id));
      }),
  };
}

/** Bring the first wrong field into sight, once it is marked; without one, what is said as a whole. */
function focusFirst(pointers: readonly string[]): void {
  requestAnimationFrame(() => {
    for (const pointer of pointers) {
      // A problem may be deeper than the form shows; then its nearest shown parent.
      for (let path = pointer; path !== ""; path = path.slice(0, path.lastIndexOf("/"))) {
        const element = document.getElementById(`field${path}`);
        if (!element) continue;
        element.scrollIntoView({ block: "center" });
        return element.focus();
      }
    }
    document.querySelector(".new-run .failure")?.scrollIntoView({ block: "center" });
  });
}
