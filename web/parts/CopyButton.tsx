import { useEffect, useState } from "preact/hooks";
import { announce } from "../shell/announce";

interface CopyButtonProps {
  text: string;
  /** What the button says. @default "Copy" */
  label?: string;
  class?: string;
}

/** Copies a text to the clipboard, and says so for a moment. */
export function CopyButton({ text, label = "Copy", class: name = "small" }: CopyButtonProps) {
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  useEffect(() => {
    if (copied === "no") return;
    const timer = setTimeout(() => setCopied("no"), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setCopied(done ? "yes" : "failed");
    announce(done ? "Copied" : "The browser did not allow copying");
  };
  return (
    <button type="button" class={name} title={text} onClick={copy}>
      {copied === "yes" ? "Copied" : copied === "failed" ? "Not allowed" : label}
    </button>
  );
}
