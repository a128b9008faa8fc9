import { useNavigate } from "@tanstack/react-router";
import { type SyntheticEvent, useEffect, useId, useRef, useState } from "react";
import { Popup } from "./Popup";
import {
  cleanName,
  firstView,
  MOST_NAME_LETTERS,
  readViews,
  renamedView,
  shownView,
  type View,
  type ViewSearch,
  type Views,
  withFirst,
  withoutView,
  withView,
  writeViews,
} from "./views";

interface Props {
  readonly project: string;
  readonly sweepId: string;
  /** What the address holds now. */
  readonly search: ViewSearch;
}

/** The sweeps whose table was shown since the page was loaded: their settings are the user's own. */
const opened = new Set<string>();

/** Saves the table's settings under names, and applies them again. */
export function ViewsMenu({ project, sweepId, search }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [views, setViews] = useState<Views>(() => readViews(localStorage, project));
  const [isRefused, setRefused] = useState(false);
  const apply = useApply();
  const shown = shownView(views, search);
  const change = (changed: Views) => {
    setViews(changed);
    setRefused(!writeViews(localStorage, project, changed));
  };
  useEffect(() => {
    if (opened.has(sweepId)) return;
    opened.add(sweepId);
    const first = firstView(readViews(localStorage, project));
    if (first !== undefined && Object.keys(search).length === 0) apply(first);
  }, [sweepId, project, search, apply]);
  return (
    <Popup
      label={shown === undefined ? "Views" : <bdi className="view-name">View: {shown.name}</bdi>}
      title="Saved views"
      side="end"
      isOpen={isOpen}
      onOpen={setOpen}
    >
      <p className="hint">
        A view keeps filter, columns and order, for all sweeps of the project {project} in this
        browser.
      </p>
      {views.views.length > 0 && (
        <ul className="view-list">
          {views.views.map((view) => (
            <Entry
              key={view.name}
              view={view}
              isShown={view === shown}
              isFirst={views.first === view.name}
              onApply={() => {
                apply(view);
                setOpen(false);
              }}
              onFirst={(isFirst) => change(withFirst(views, isFirst ? view.name : undefined))}
              onRename={(name) => change(renamedView(views, view.name, name))}
              onDelete={() => change(withoutView(views, view.name))}
            />
          ))}
        </ul>
      )}
      <SaveForm
        views={views}
        isKept={shown !== undefined}
        onSave={(name) => change(withView(views, { name, search }))}
      />
      {isRefused && (
        <p role="alert">The browser does not keep views: its storage is off or full.</p>
      )}
    </Popup>
  );
}

/** Returns a function that shows a view. */
function useApply() {
  const navigate = useNavigate();
  return (view: View) => {
    void navigate({ to: ".", search: view.search as Record<string, unknown>, resetScroll: false });
  };
}

interface EntryProps {
  readonly view: View;
  readonly isShown: boolean;
  readonly isFirst: boolean;
  readonly onApply: () => void;
  readonly onFirst: (isFirst: boolean) => void;
  readonly onRename: (name: string) => void;
  readonly onDelete: () => void;
}

function Entry({ view: { name }, isShown, isFirst, ...props }: EntryProps) {
  const [isRenaming, setRenaming] = useState<boolean>();
  const rename = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget).get("name");
    if (typeof typed === "string" && cleanName(typed) !== name) props.onRename(typed);
    setRenaming(false);
  };
  if (isRenaming) {
    return (
      <li>
        <form onSubmit={rename} className="column-add">
          <input
            name="name"
            aria-label={`New name of ${name}`}
            defaultValue={name}
            maxLength={MOST_NAME_LETTERS}
            // biome-ignore lint/a11y/noAutofocus: the user asked for this field
            autoFocus
          />
          <button type="submit">Rename</button>
        </form>
      </li>
    );
  }
  return (
    <li>
      <button
        type="button"
        className="link view-name"
        aria-current={isShown ? "true" : undefined}
        onClick={props.onApply}
      >
        <bdi>{name}</bdi>
      </button>
      <span className="view-actions">
        <button
          type="button"
          aria-pressed={isFirst}
          aria-label={`Open tables with ${name}`}
          title="Tables of this project open with the default view"
          onClick={() => props.onFirst(!isFirst)}
        >
          Default
        </button>
        <button
          type="button"
          aria-label={`Rename ${name}`}
          // biome-ignore lint/a11y/noAutofocus: the field that had the focus is gone
          autoFocus={isRenaming === false}
          onClick={() => setRenaming(true)}
        >
          Rename
        </button>
        <button type="button" aria-label={`Delete ${name}`} onClick={props.onDelete}>
          Delete
        </button>
      </span>
    </li>
  );
}

interface SaveProps {
  readonly views: Views;
  readonly isKept: boolean;
  readonly onSave: (name: string) => void;
}

function SaveForm({ views, isKept, onSave }: SaveProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const name = cleanName(typed);
  const isTaken = views.views.some((view) => view.name === name);
  const save = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (name === "") return;
    onSave(name);
    setTyped("");
    // The button is disabled now, and can't keep the focus.
    field.current?.focus();
  };
  return (
    <form onSubmit={save} className="column-add">
      <div className="field">
        <label htmlFor={id}>{isKept ? "Save under another name" : "Save what is shown as"}</label>
        <input
          ref={field}
          id={id}
          value={typed}
          maxLength={MOST_NAME_LETTERS}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      <button type="submit" disabled={name === ""}>
        {isTaken ? "Replace" : "Save"}
      </button>
    </form>
  );
}
