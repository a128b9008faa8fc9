import {
  type FocusEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useRef,
} from "react";
import "./popup.css";

interface Props {
  readonly label: ReactNode;
  /** What a screen reader says for the panel. */
  readonly title: string;
  readonly isOpen: boolean;
  readonly onOpen: (isOpen: boolean) => void;
  /** On which side of the button the panel is aligned. */
  readonly side?: "start" | "end";
  /** Which of several contents the panel has; another one gets the focus. */
  readonly content?: string;
  readonly children: ReactNode;
}

/** A button with a panel below it, which closes on Escape, and when the focus or a click leaves it. */
export function Popup({ label, title, isOpen, onOpen, side = "start", content, children }: Props) {
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const onPointer = ({ target }: PointerEvent) => {
      if (target instanceof Node && !place.current?.contains(target)) onOpen(false);
    };
    document.addEventListener("pointerdown", onPointer);
    return () => document.removeEventListener("pointerdown", onPointer);
  }, [isOpen, onOpen]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another content is a reason to run
  useEffect(() => {
    if (!isOpen) return;
    panel.current?.querySelector<HTMLElement>("button, input, select, textarea")?.focus();
  }, [isOpen, content]);
  useEffect(() => {
    // A control that is gone has lost the focus, and with it Escape and the place of Tab.
    if (isOpen && document.activeElement === document.body) panel.current?.focus();
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !isOpen) return;
    event.stopPropagation();
    onOpen(false);
    button.current?.focus();
  };
  const onBlur = ({ relatedTarget }: FocusEvent) => {
    // Without a target, the window lost the focus, or the focused element went.
    if (relatedTarget !== null && !place.current?.contains(relatedTarget)) onOpen(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears the keys of its controls
    <div ref={place} className={`popup popup-${side}`} onKeyDown={onKeyDown} onBlur={onBlur}>
      <button
        ref={button}
        type="button"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => onOpen(!isOpen)}
      >
        {label}
        <span className="popup-mark" aria-hidden="true" />
      </button>
      {isOpen && (
        <section ref={panel} id={id} className="popup-panel" aria-label={title} tabIndex={-1}>
          {children}
        </section>
      )}
    </div>
  );
}
