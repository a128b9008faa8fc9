import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { CopyBox } from "../../ui/CopyBox";
import { LeaveGuard } from "../../ui/LeaveGuard";

interface Props {
  readonly name: string;
  readonly text: string;
  readonly onDone: () => void;
}

/** Shows a new key, the only time that it is shown. */
export function NewKey({ name, text, onDone }: Props) {
  const title = useRef<HTMLHeadingElement>(null);
  const [isDone, setDone] = useState(false);
  useEffect(() => title.current?.focus(), []);
  useEffect(() => {
    // A browser can keep the whole page for its button Back.
    const forget = () => flushSync(onDone);
    window.addEventListener("pagehide", forget);
    return () => window.removeEventListener("pagehide", forget);
  }, [onDone]);
  return (
    <section className="panel new-key" aria-labelledby="new-key-title">
      <h2 id="new-key-title" ref={title} tabIndex={-1}>
        The key <bdi>{name}</bdi> is created
      </h2>
      <p>
        <strong>Copy it now: it is not shown again.</strong> The server has only its hash.
      </p>
      <CopyBox label="the key" text={text} />
      <p className="faint">
        Programs take it from <code>WANLLMDB_API_KEY</code>, or from a file that{" "}
        <code>WANLLMDB_API_KEY_FILE</code> names.
      </p>
      <label className="with-box">
        <input
          type="checkbox"
          checked={isDone}
          onChange={(event) => setDone(event.target.checked)}
        />
        I have stored the key
      </label>
      <div className="actions">
        <button type="button" className="primary" disabled={!isDone} onClick={onDone}>
          Hide the key
        </button>
      </div>
      <LeaveGuard isDirty={!isDone} question="Leave without the key?">
        <p>The key is not shown again. Revoke it if you did not copy it.</p>
      </LeaveGuard>
    </section>
  );
}
