import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  defaultHighlightStyle,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Annotation, EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import type { ProblemMark } from "../../store/problemMarks";

interface Options {
  readonly value: string;
  readonly label: string;
  /** The id of the element that describes the editor. */
  readonly describedBy: string;
  readonly onChange: (value: string) => void;
}

/** An open editor. */
export interface CodeEditor {
  setValue(value: string): void;
  setMarks(marks: readonly ProblemMark[]): void;
  /** Puts the cursor at a line, counted from 1, and the focus into the editor. */
  reveal(line: number, column: number): void;
  close(): void;
}

// A value that comes from outside is not reported back.
const fromOutside = Annotation.define<boolean>();

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--text)", padding: "0.5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { color: "var(--faint)", backgroundColor: "var(--raised)", border: "0" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  ".cm-activeLineGutter": { color: "var(--text)", backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { boxShadow: "inset 2px 0 var(--accent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--raised)",
    outline: "1px solid var(--line)",
  },
  ".cm-tooltip": {
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--line)",
    borderRadius: "6px",
    maxWidth: "min(32rem, 90vw)",
  },
  ".cm-panels": { color: "var(--text)", backgroundColor: "var(--raised)" },
  ".cm-diagnostic": { padding: "0.35rem 0.6rem", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--danger)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--danger)",
    textUnderlineOffset: "3px",
  },
  ".cm-lint-marker-error": { content: "normal", color: "var(--danger)", textAlign: "center" },
  ".cm-lint-marker-error::before": { content: "'✗'" },
});

// The library's own colors, which suit a light page only, by the tokens that take their place.
const TOKENS: Readonly<Record<string, string>> = {
  "#00c": "var(--accent)",
  "#a11": "var(--good)",
  "#940": "var(--faint)",
  "#219": "var(--warn)",
  "#085": "var(--warn)",
  "#f00": "var(--danger)",
};

const colors = syntaxHighlighting(
  HighlightStyle.define(
    defaultHighlightStyle.specs.map((spec) => ({
      ...spec,
      color: TOKENS[String(spec.color)] ?? "var(--text)",
    })),
  ),
);

/**
 * Replaces a selection by what is typed, before the browser does: it would keep the look of the
 * replaced text by inline styles, which the policy of the page blocks and reports.
 */
const replacing = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, isComposing, data, dataTransfer } = event;
    if (isComposing || !/^(insert(Replacement)?Text|delete)/.test(inputType)) return;
    const selection = document.getSelection();
    // Chromium names no range for text that is typed, and the editor hears later of the selection.
    const range =
      event.getTargetRanges()[0] ?? (selection?.rangeCount ? selection.getRangeAt(0) : undefined);
    if (range === undefined || range.collapsed) return;
    event.preventDefault();
    const from = view.posAtDOM(range.startContainer, range.startOffset);
    const to = view.posAtDOM(range.endContainer, range.endOffset);
    const insert = view.state.toText(data ?? dataTransfer?.getData("text/plain") ?? "");
    view.dispatch({
      changes: { from, to, insert },
      selection: { anchor: from + insert.length },
      userEvent: inputType.startsWith("delete") ? "delete.selection" : "input.type",
      scrollIntoView: true,
    });
  },
});

/** Opens an editor of YAML in an element. */
export function openEditor(parent: HTMLElement, options: Options): CodeEditor {
  const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.value,
      extensions: [
        nonce === undefined ? [] : EditorView.cspNonce.of(nonce),
        lineNumbers(),
        lintGutter(),
        highlightSpecialChars(),
        highlightActiveLine(),
        EditorView.lineWrapping,
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        replacing,
        yaml(),
        theme,
        colors,
        // Tab is not among the keys: it leaves the editor, as it leaves any other field.
        keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap]),
        EditorView.contentAttributes.of({
          "aria-label": options.label,
          "aria-describedby": options.describedBy,
          tabindex: "0",
          spellcheck: "false",
          autocapitalize: "off",
        }),
        EditorView.updateListener.of((update) => {
          const isOwn = update.transactions.some((each) => each.annotation(fromOutside));
          if (update.docChanged && !isOwn) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setValue(value) {
      const before = view.state.doc.toString();
      if (before === value) return;
      view.dispatch({
        changes: difference(before, value),
        annotations: fromOutside.of(true),
      });
    },
    setMarks(marks) {
      const { length } = view.state.doc;
      const diagnostics = marks
        .filter(({ to }) => to <= length)
        .map((mark) => ({ ...mark, severity: "error" as const }));
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    reveal(line, column) {
      const { doc } = view.state;
      const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
      const anchor = Math.min(from + column - 1, to);
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
    close: () => view.destroy(),
  };
}

/** Returns the part that changed, so that the cursor and the history stay. */
function difference(before: string, after: string) {
  let from = 0;
  const shorter = Math.min(before.length, after.length);
  while (from < shorter && before[from] === after[from]) from += 1;
  let rest = 0;
  while (
    rest < shorter - from &&
    before[before.length - 1 - rest] === after[after.length - 1 - rest]
  ) {
    rest += 1;
  }
  return { from, to: before.length - rest, insert: after.slice(from, after.length - rest) };
}
