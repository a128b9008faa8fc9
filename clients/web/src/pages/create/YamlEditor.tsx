import { type UIEvent, useId, useRef } from "react";
import type { FieldProblem } from "../../rpc/problems";

interface Props {
  readonly text: string;
  readonly problems: readonly FieldProblem[];
  readonly onChange: (text: string) => void;
}

/** The config as text, with numbers of lines; a line with a problem is marked. */
export function YamlEditor({ text, problems, onChange }: Props) {
  const id = useId();
  const numbers = useRef<HTMLDivElement>(null);
  const lines = text.split("\n").length;
  const atFault = new Set(problems.map(({ line }) => line));
  const scroll = (event: UIEvent<HTMLTextAreaElement>) => {
    if (numbers.current !== null) numbers.current.scrollTop = event.currentTarget.scrollTop;
  };
  return (
    <div className="field">
      <label htmlFor={id}>Config (YAML or JSON)</label>
      <div className="editor">
        <div className="editor-lines" ref={numbers} aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => index + 1).map((line) => (
            <span key={line} className={atFault.has(line) ? "at-fault" : undefined}>
              {atFault.has(line) ? `✗ ${line}` : line}
            </span>
          ))}
        </div>
        <textarea
          id={id}
          value={text}
          spellCheck={false}
          autoCapitalize="off"
          wrap="off"
          aria-invalid={problems.length > 0}
          aria-describedby={`${id}-keys`}
          onScroll={scroll}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <span id={`${id}-keys`} className="visually-hidden">
        The list of problems follows the editor.
      </span>
    </div>
  );
}
