import { useEffect, useRef, useSyncExternalStore } from "react";
import { SHORTCUTS } from "./shortcuts";

/** A dialog that lists the shortcuts of the page, and turns them off. */
export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOn = useSyncExternalStore(SHORTCUTS.subscribe, SHORTCUTS.isOn);
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="shortcut-help" onClose={onClose}>
      <h2 id="shortcut-help">Keyboard shortcuts</h2>
      <dl className="shortcuts">
        {SHORTCUTS.all().map(({ keys, label }) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key, index) => (
                <kbd key={`${index} ${key}`}>{key}</kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => SHORTCUTS.setOn(event.target.checked)}
        />
        Shortcuts are on
      </label>
      <div className="actions dialog-actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
