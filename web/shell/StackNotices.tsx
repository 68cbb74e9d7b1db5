import { serverUnreachable, stack } from "./stack";

/** What limits this page: a stack that cannot be changed, a server that does not answer. */
export function StackNotices() {
  const silent = serverUnreachable.value === undefined ? stack.value?.server?.unreachable : serverUnreachable.value;
  return (
    <>
      {stack.value?.readOnly && (
        <p class="notice" role="status">
          Read only: {stack.value.readOnly}
        </p>
      )}
      {silent && (
        <p class="notice warning" role="status">
          The Prefect server does not answer, so its runs are as they were last seen: {silent}
        </p>
      )}
    </>
  );
}
