import { useState } from "react";

interface Props {
  /** What the text is, for the button's name. */
  readonly label: string;
  readonly text: string;
}

/** Shows a text to copy. */
export function CopyBox({ label, text }: Props) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      // Pages without TLS have no clipboard.
      setSaid("Select the text to copy it");
    }
  };
  return (
    <div className="copy-box">
      <pre>{text}</pre>
      <div className="actions">
        <button type="button" onClick={copy}>
          Copy {label}
        </button>
        <span className="faint" role="status">
          {said}
        </span>
      </div>
    </div>
  );
}
