import { useEffect, useId, useRef } from "react";
import { type ScaleKind, scaleKinds } from "../../../plots/scales";
import { type Axis, type AxisSetting, formatCell } from "../../../store/parallelAxes";
import type { Brush } from "../../../store/parallelBrush";
import { headingOf } from "../../../store/runCells";
import type { ColumnCondition } from "../../../store/runTable";

/** More than these are no choice that fits a menu; a brush on the axis chooses among them. */
const MOST_CATEGORIES = 30;

interface Props {
  readonly axis: Axis;
  /** The place of the axis, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly condition: ColumnCondition | undefined;
  /** The name in the plot, beside which the menu opens. */
  readonly title: HTMLElement;
  readonly onChange: (changed: Omit<AxisSetting, "key">) => void;
  readonly onMove: (to: number) => void;
  readonly onHide: () => void;
  readonly onBrush: (brush: Brush | undefined) => void;
  readonly onClose: () => void;
}

/** The settings of one axis and the exact values of its brush. */
export function AxisMenu(props: Props) {
  const { axis, index, count, condition, title, onClose } = props;
  const { column, scale } = axis;
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const kinds = scaleKinds(column);
  useEffect(() => {
    const element = menu.current;
    if (element === null) return;
    const { left, bottom } = title.getBoundingClientRect();
    element.showPopover();
    const most = document.documentElement.clientWidth - element.offsetWidth - 8;
    element.style.left = `${Math.max(8, Math.min(left, most))}px`;
    element.style.top = `${Math.max(8, Math.min(bottom + 4, window.innerHeight - element.offsetHeight - 8))}px`;
    element.querySelector<HTMLElement>("select, button")?.focus();
  }, [title]);
  return (
    <div
      ref={menu}
      popover="auto"
      role="dialog"
      aria-labelledby={`${id}-name`}
      className="axis-menu"
      onToggle={(event) => {
        if (event.newState === "closed") onClose();
      }}
    >
      <p id={`${id}-name`}>
        <strong>
          <bdi>{headingOf(column)}</bdi>
        </strong>{" "}
        <span className="faint">
          axis {index + 1} of {count}
        </span>
      </p>
      <div className="actions">
        {kinds.length > 1 && (
          <label>
            <span className="faint">Scale</span>{" "}
            <select
              value={scale.kind}
              onChange={(event) => props.onChange({ scale: event.target.value as ScaleKind })}
            >
              {kinds.map((kind) => (
                <option key={kind}>{kind}</option>
              ))}
            </select>
          </label>
        )}
        <button
          type="button"
          aria-pressed={scale.isFlipped}
          onClick={() => props.onChange({ flip: !scale.isFlipped })}
        >
          Flip
        </button>
      </div>
      <div className="actions">
        <button type="button" disabled={index === 0} onClick={() => props.onMove(index - 1)}>
          ← Left
        </button>
        <button
          type="button"
          disabled={index === count - 1}
          onClick={() => props.onMove(index + 1)}
        >
          Right →
        </button>
        <button type="button" onClick={props.onHide}>
          Hide
        </button>
      </div>
      <fieldset>
        <legend className="faint">Brush</legend>
        {scale.kind === "category" ? (
          <Categories axis={axis} condition={condition} onBrush={props.onBrush} />
        ) : (
          <Bounds id={id} axis={axis} condition={condition} onBrush={props.onBrush} />
        )}
        {scale.hasMissing && (
          <label className="choice">
            <input
              type="checkbox"
              checked={condition === undefined || condition.missing === true}
              onChange={(event) => {
                const { key: _, missing: __, ...rest } = condition ?? { key: axis.key };
                const isAll = event.target.checked && Object.keys(rest).length === 0;
                const missing = event.target.checked ? { missing: true } : {};
                props.onBrush(isAll ? undefined : { ...rest, ...missing });
              }}
            />
            not set
          </label>
        )}
        <button
          type="button"
          disabled={condition === undefined}
          onClick={() => props.onBrush(undefined)}
        >
          Remove the brush
        </button>
      </fieldset>
    </div>
  );
}

type BrushProps = Pick<Props, "axis" | "condition" | "onBrush">;

function Bounds({ id, axis, condition, onBrush }: BrushProps & { id: string }) {
  const { scale } = axis;
  const change = (bound: "min" | "max", number: number) => {
    const earlier: ColumnCondition = condition ?? {
      key: axis.key,
      ...(scale.hasMissing ? { missing: true } : {}),
    };
    const { key: _, [bound]: __, ...rest } = earlier;
    const brush: Brush = Number.isNaN(number) ? rest : { ...rest, [bound]: number };
    const isNone =
      brush.min === undefined &&
      brush.max === undefined &&
      brush.categories === undefined &&
      (brush.missing === true || !scale.hasMissing);
    onBrush(isNone ? undefined : brush);
  };
  return (
    <div className="bounds">
      {(["min", "max"] as const).map((bound) => (
        <div className="field" key={bound}>
          <label htmlFor={`${id}-${bound}`}>{bound === "min" ? "from" : "to"}</label>
          <NumberField
            id={`${id}-${bound}`}
            value={condition?.[bound]}
            placeholder={formatCell({ ...axis.column, kind: "parameter" }, scale[bound])}
            onChange={(number) => change(bound, number)}
          />
        </div>
      ))}
    </div>
  );
}

interface NumberProps {
  readonly id: string;
  readonly value: number | undefined;
  readonly placeholder: string;
  /** Called with NaN if the field is empty. */
  readonly onChange: (number: number) => void;
}

/** A field for a number, which applies when the user presses Enter or leaves it. */
function NumberField({ id, value, placeholder, onChange }: NumberProps) {
  const field = useRef<HTMLInputElement>(null);
  const text = String(value ?? "");
  useEffect(() => {
    // The brush may change without the field.
    if (field.current !== null) field.current.value = text;
  }, [text]);
  const apply = ({ value: typed, valueAsNumber }: HTMLInputElement) => {
    if (typed !== text) onChange(valueAsNumber);
  };
  return (
    <input
      ref={field}
      id={id}
      type="number"
      step="any"
      placeholder={placeholder}
      defaultValue={text}
      onBlur={(event) => apply(event.currentTarget)}
      onKeyDown={(event) => {
        if (event.key === "Enter") apply(event.currentTarget);
      }}
    />
  );
}

function Categories({ axis, condition, onBrush }: BrushProps) {
  const { categories } = axis.column;
  if (categories.length > MOST_CATEGORIES) {
    return <p className="faint">Drag along the axis to choose among {categories.length} values.</p>;
  }
  const kept = new Set(condition === undefined ? categories.keys() : condition.categories);
  const missing = condition === undefined ? axis.scale.hasMissing : (condition.missing ?? false);
  return (
    <div className="choices">
      {categories.map((text, index) => (
        <label key={index}>
          <input
            type="checkbox"
            checked={kept.has(index)}
            onChange={(event) => {
              if (event.target.checked) kept.add(index);
              else kept.delete(index);
              const isAll = kept.size === categories.length && (missing || !axis.scale.hasMissing);
              const chosen = [...kept].sort((one, other) => one - other);
              onBrush(isAll ? undefined : { categories: chosen, ...(missing ? { missing } : {}) });
            }}
          />
          <bdi>{text === "" ? "(empty)" : text}</bdi>
        </label>
      ))}
    </div>
  );
}
