import { type ReactNode, useState } from "react";

interface Props {
  readonly children: ReactNode;
  /** Returns the text to copy. */
  readonly text: () => string;
}

/** A button that copies a text, and says whether it did. */
export function CopyButton({ children, text }: Props) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setSaid("Copied");
    } catch {
      // Pages without TLS have no clipboard.
      setSaid("The browser does not allow it; select the text instead.");
    }
  };
  return (
    <>
      <button type="button" onClick={copy}>
        {children}
      </button>
      <span className="faint" role="status">
        {said}
      </span>
    </>
  );
}
