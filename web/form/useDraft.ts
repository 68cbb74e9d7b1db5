import { useRef, useState } from "preact/hooks";
import { sameJson } from "../server/exactJson";

/**
 * The text of a value while it is typed: `1.` stays as it is, though its value is 1. When the value changes otherwise, the text follows.
 * @param shown the text of a value
 * @param commit takes what is typed
 */
export function useDraft(
  value: unknown,
  shown: (value: unknown) => string,
  commit: (text: string) => void,
): [string, (text: string) => void] {
  const [text, setText] = useState(() => shown(value));
  const typed = useRef(false);
  const before = useRef(value);
  let now = text;
  if (!sameJson(before.current, value)) {
    before.current = value;
    if (typed.current) typed.current = false;
    else {
      now = shown(value);
      if (now !== text) setText(now);
    }
  }
  return [
    now,
    (next) => {
      typed.current = true;
      setText(next);
      commit(next);
    },
  ];
}
