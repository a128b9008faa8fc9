import { type ButtonHTMLAttributes, useId } from "react";
import "./actionButton.css";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  /** Why the user may not do this, in a sentence; undefined if the user may. */
  readonly refusal: string | undefined;
  /** Whether the button is out of use for a moment, for example during a call. */
  readonly isBusy?: boolean;
}

/**
 * A button for a change. If the user may not make it, the button can still be reached by keyboard,
 * and says why when it has the focus or the pointer.
 */
export function ActionButton({
  refusal,
  isBusy = false,
  type = "button",
  onClick,
  children,
  ...rest
}: Props) {
  const id = useId();
  if (refusal === undefined) {
    return (
      <button {...rest} type={type} disabled={isBusy} onClick={onClick}>
        {children}
      </button>
    );
  }
  return (
    <span className="action">
      <button
        {...rest}
        type={type}
        aria-disabled="true"
        aria-describedby={id}
        // Also keeps a form from being sent.
        onClick={(event) => event.preventDefault()}
      >
        {children}
      </button>
      <span id={id} role="tooltip" className="why-not">
        {refusal}
      </span>
    </span>
  );
}
