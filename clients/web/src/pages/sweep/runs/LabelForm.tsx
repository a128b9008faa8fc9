import { type SyntheticEvent, useId, useState } from "react";

/** A name and labels as a user writes them. */
export interface LabelDraft {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
}

interface Props {
  readonly first: LabelDraft;
  readonly isBusy: boolean;
  readonly onSave: (draft: LabelDraft) => void;
}

/** Changes a run's name and labels; a label without a name is left out. */
export function LabelForm({ first, isBusy, onSave }: Props) {
  const id = useId();
  const [name, setName] = useState(first.name);
  const [labels, setLabels] = useState<LabelDraft["labels"]>([...first.labels, ["", ""]]);
  const change = (index: number, label: readonly [string, string]) =>
    setLabels(labels.map((each, place) => (place === index ? label : each)));
  const names = labels.map(([each]) => each.trim()).filter((each) => each !== "");
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const kept = labels.filter(([each]) => each.trim() !== "");
    onSave({ name: name.trim(), labels: kept.map(([each, value]) => [each.trim(), value]) });
  };
  return (
    <form onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>Name</label>
        <input
          id={id}
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      {labels.map(([label, value], index) => (
        <div key={index} className="label-row">
          <input
            aria-label={`Name of label ${index + 1}`}
            placeholder="label"
            value={label}
            onChange={(event) => change(index, [event.target.value, value])}
          />
          <textarea
            aria-label={`Value of label ${index + 1}`}
            placeholder="value"
            rows={Math.min(value.split("\n").length, 6)}
            value={value}
            onChange={(event) => change(index, [label, event.target.value])}
          />
          <button
            type="button"
            aria-label={`Remove label ${index + 1}`}
            onClick={() => setLabels(labels.filter((_, place) => place !== index))}
          >
            <span aria-hidden="true">×</span>
          </button>
        </div>
      ))}
      {twice !== undefined && (
        <p role="alert" className="at-fault">
          Two labels have the name {twice}: change or remove one of them.
        </p>
      )}
      <div className="actions">
        <button type="button" onClick={() => setLabels([...labels, ["", ""]])}>
          Add a label
        </button>
        <button type="submit" className="primary" disabled={isBusy || twice !== undefined}>
          Save
        </button>
      </div>
    </form>
  );
}
