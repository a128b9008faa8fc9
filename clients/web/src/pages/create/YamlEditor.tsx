import { useEffect, useId, useRef, useState } from "react";
import type { FieldProblem } from "../../rpc/problems";
import { marksOf } from "../../store/problemMarks";
import type { CodeEditor } from "./codeEditor";
import "./editor.css";

interface Props {
  readonly value: string;
  readonly problems: readonly FieldProblem[];
  /** What the text is, for those who do not see it. */
  readonly label?: string;
  readonly onChange: (value: string) => void;
  /** A place at which the cursor is put; another object puts it there again. */
  readonly revealed?: { readonly line: number; readonly column?: number } | undefined;
}

/**
 * A text of YAML in an editor that marks its problems. The editor is loaded with the first one that
 * is shown; until then, and where it can't be loaded, a plain field takes its place.
 */
export function YamlEditor(props: Props) {
  const { value, problems, label = "Config (YAML or JSON)", onChange, revealed } = props;
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<CodeEditor>();
  const latest = useRef({ value, label, onChange });
  latest.current = { value, label, onChange };
  useEffect(() => {
    let opened: CodeEditor | undefined;
    let isGone = false;
    import("./codeEditor").then(
      ({ openEditor }) => {
        if (isGone || place.current === null) return;
        opened = openEditor(place.current, {
          value: latest.current.value,
          label: latest.current.label,
          describedBy: `${id}-keys`,
          onChange: (changed) => latest.current.onChange(changed),
        });
        setEditor(opened);
      },
      // The plain field stays.
      () => undefined,
    );
    return () => {
      isGone = true;
      opened?.close();
      setEditor(undefined);
    };
  }, [id]);
  useEffect(() => editor?.setValue(value), [editor, value]);
  useEffect(() => {
    editor?.setMarks(marksOf(latest.current.value, problems));
  }, [editor, problems]);
  useEffect(() => {
    if (revealed !== undefined) editor?.reveal(revealed.line, revealed.column ?? 1);
  }, [editor, revealed]);
  return (
    <div className="yaml-editor">
      <div className="yaml-editor-place" ref={place}>
        {editor === undefined && (
          <textarea
            value={value}
            aria-label={label}
            aria-describedby={`${id}-keys`}
            spellCheck={false}
            autoCapitalize="off"
            wrap="off"
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </div>
      <p id={`${id}-keys`} className="hint">
        <kbd>Tab</kbd> leaves the editor; <kbd>Ctrl</kbd>+<kbd>]</kbd> indents. <kbd>F8</kbd> goes
        to the next problem, <kbd>Esc</kbd> closes its message.
      </p>
    </div>
  );
}
