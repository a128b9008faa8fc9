import { useId, useMemo, useState } from "react";
import { formatCount } from "../../../store/format";
import type { Column, ColumnCondition } from "../../../store/runTable";

/** More texts than these are searched, not read. */
const MOST_SHOWN = 50;
/** From this many on, a search box helps. */
const FEWEST_SEARCHED = 9;

interface Props {
  readonly column: Column;
  readonly condition: ColumnCondition;
  readonly onChange: (condition: ColumnCondition) => void;
}

/** Chooses among the texts of a column, however many there are. */
export function CategoryChoice({ column, condition, onChange }: Props) {
  const id = useId();
  const [wanted, setWanted] = useState("");
  // The address follows the field, not the other way round: it is late while the user types.
  const [part, setPart] = useState(condition.contains ?? "");
  const { categories } = column;
  const chosen = useMemo(() => new Set(condition.categories ?? []), [condition.categories]);
  const found = useMemo(() => {
    const text = wanted.toLowerCase();
    const matching = [...categories.keys()].filter((index) =>
      (categories[index] ?? "").toLowerCase().includes(text),
    );
    // What is chosen stays in sight.
    const isChosen = (index: number) => Number(chosen.has(index));
    const isLong = matching.length > MOST_SHOWN;
    return isLong ? matching.sort((a, b) => isChosen(b) - isChosen(a) || a - b) : matching;
  }, [categories, wanted, chosen]);
  const choose = (index: number, isWanted: boolean) => {
    const next = new Set(chosen);
    if (isWanted) next.add(index);
    else next.delete(index);
    const { categories: _, ...rest } = condition;
    // Nothing chosen means that every text will do.
    const isAny = next.size === 0 && (condition.unknown?.length ?? 0) === 0;
    onChange(isAny ? rest : { ...rest, categories: [...next].sort((a, b) => a - b) });
  };
  const drop = (text: string) => {
    const { unknown = [], categories: kept, ...rest } = condition;
    const others = unknown.filter((each) => each !== text);
    const isAny = others.length === 0 && (kept?.length ?? 0) === 0;
    onChange({
      ...rest,
      ...(isAny || kept === undefined ? {} : { categories: kept }),
      ...(others.length > 0 ? { unknown: others } : {}),
    });
  };
  const contain = (text: string) => {
    setPart(text);
    const { contains: _, ...rest } = condition;
    onChange(text === "" ? rest : { ...rest, contains: text });
  };
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}-contains`}>Text contains</label>
        <input
          id={`${id}-contains`}
          value={part}
          maxLength={200}
          onChange={(event) => contain(event.target.value)}
        />
      </div>
      {categories.length >= FEWEST_SEARCHED && (
        <div className="field">
          <label htmlFor={`${id}-search`}>
            Choose among {formatCount(categories.length)} values
          </label>
          <input
            id={`${id}-search`}
            type="search"
            placeholder="A part of the value"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        </div>
      )}
      <fieldset className="category-list">
        <legend className="visually-hidden">Values; every one if none is chosen</legend>
        {(condition.unknown ?? []).map((text) => (
          <label key={`unknown ${text}`}>
            <input type="checkbox" checked onChange={() => drop(text)} />
            <span>
              <bdi>{text === "" ? "(empty)" : text}</bdi>{" "}
              <span className="faint">no run has it</span>
            </span>
          </label>
        ))}
        {found.slice(0, MOST_SHOWN).map((index) => (
          <label key={index}>
            <input
              type="checkbox"
              checked={chosen.has(index)}
              onChange={(event) => choose(index, event.target.checked)}
            />
            <bdi>{categories[index] === "" ? "(empty)" : categories[index]}</bdi>
          </label>
        ))}
      </fieldset>
      {found.length > MOST_SHOWN && (
        <p className="hint">
          {formatCount(found.length - MOST_SHOWN)} more: type a part of the value.
        </p>
      )}
      {found.length === 0 && <p className="hint">No value of this column has this in it.</p>}
    </>
  );
}
