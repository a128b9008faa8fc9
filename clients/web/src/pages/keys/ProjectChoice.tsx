import { useId, useState } from "react";
import type { KeyForm } from "../../store/keyForm";
import { Said } from "./CreateKey";

interface Props {
  readonly form: KeyForm;
  /** The projects to choose from. */
  readonly known: readonly string[];
  /** Whether no other project than the known ones can be chosen, because the own key has no more. */
  readonly isBounded: boolean;
  readonly problem: string | undefined;
  readonly onChange: (part: Pick<KeyForm, "projects"> | Pick<KeyForm, "isForAll">) => void;
}

/** Chooses the projects in which a key is valid. */
export function ProjectChoice({ form, known, isBounded, problem, onChange }: Props) {
  const id = useId();
  const [other, setOther] = useState("");
  const names = [...new Set([...known, ...form.projects])];
  const add = () => {
    const name = other.trim();
    if (name === "" || name === "*") return;
    onChange({ projects: [...form.projects.filter((each) => each !== name), name] });
    setOther("");
  };
  return (
    <fieldset aria-describedby={`${id}-said`}>
      <legend>Projects</legend>
      {!isBounded && (
        <label className="with-box">
          <input
            type="checkbox"
            checked={form.isForAll}
            onChange={(event) => onChange({ isForAll: event.target.checked })}
          />
          All projects, also those to come
        </label>
      )}
      {!form.isForAll && (
        <>
          <div className="project-boxes">
            {names.map((name) => (
              <label key={name} className="with-box">
                <input
                  type="checkbox"
                  checked={form.projects.includes(name)}
                  onChange={(event) =>
                    onChange({
                      projects: event.target.checked
                        ? [...form.projects, name]
                        : form.projects.filter((each) => each !== name),
                    })
                  }
                />
                <bdi>{name}</bdi>
              </label>
            ))}
          </div>
          {!isBounded && (
            <div className="with-button">
              <div className="field">
                <label htmlFor={`${id}-other`}>Another project</label>
                <input
                  id={`${id}-other`}
                  value={other}
                  onChange={(event) => setOther(event.target.value)}
                  onKeyDown={(event) => {
                    if (event.key !== "Enter") return;
                    event.preventDefault();
                    add();
                  }}
                />
              </div>
              <button type="button" onClick={add}>
                Add
              </button>
            </div>
          )}
        </>
      )}
      <Said id={`${id}-said`} text={problem} />
    </fieldset>
  );
}
