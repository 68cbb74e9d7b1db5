import { Component } from "preact";
import type { LogRow } from "../../src/ui/wire";
import { timeOfDay } from "../time/formats";
import { classesOf, type TextStyle } from "./ansi";
import { LONGEST_SHOWN, piecesOf } from "./pieces";

interface LogLineProps {
  line: LogRow;
  before: TextStyle;
  search: string;
  /** Whether it is the match that the reader is at. */
  isCurrent: boolean;
}

/** One line of a log: text nodes only, whatever the run wrote. */
export class LogLine extends Component<LogLineProps> {
  /** A line never changes. Without this, all lines in sight would be parsed again with each new one. */
  override shouldComponentUpdate(next: LogLineProps): boolean {
    const now = this.props;
    return next.line !== now.line || next.before !== now.before || next.search !== now.search || next.isCurrent !== now.isCurrent;
  }

  override render({ line, before, search, isCurrent }: LogLineProps) {
    const left = line.text.length - LONGEST_SHOWN;
    return (
      <div class={`log-line ${line.stderr ? "stderr" : ""} ${isCurrent ? "current" : ""}`} data-n={line.n}>
        <span class="n">{line.n + 1}</span>
        <span class="at">{line.at === null ? "" : timeOfDay(Date.parse(line.at))}</span>
        <span class="stream">{line.stderr ? "err" : ""}</span>
        <span class="text">
          {piecesOf(line.text, before, search).map(({ text, style, isMatch }, at) => {
            const classes = classesOf(style);
            if (isMatch) return <mark key={at}>{text}</mark>;
            if (classes === "") return text;
            return (
              <span key={at} class={classes}>
                {text}
              </span>
            );
          })}
          {left > 0 && <i class="quiet"> … {left.toLocaleString("en")} more characters in the download</i>}
        </span>
      </div>
    );
  }
}
