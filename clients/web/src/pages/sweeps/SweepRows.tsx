import { memo, useEffect, useRef, useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { COLUMNS } from "./columns";
import { SweepRow } from "./SweepRow";

/** How many rows are made or left out together. */
export const CHUNK = 40;

/** The height of a row before it was measured, in pixels. */
const ROW_HEIGHT = 58;

const Row = memo(SweepRow);

interface Props {
  readonly sweeps: readonly Sweep[];
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (sweepId: string, isSelected: boolean) => void;
  /** Whether the rows are at the top of the table. */
  readonly isFirst: boolean;
}

/** Rows of the list; while they are far from the screen, a gap of their height. */
export function SweepRows({ sweeps, selected, onSelect, isFirst }: Props) {
  const place = useRef<HTMLTableSectionElement>(null);
  const [isNear, setNear] = useState(isFirst);
  const [height, setHeight] = useState(sweeps.length * ROW_HEIGHT);
  useEffect(() => {
    const body = place.current;
    if (body === null) return;
    const observer = new IntersectionObserver(
      (entries) => {
        const last = entries.at(-1);
        if (last === undefined) return;
        // The row with the focus stays, or else the next key would go nowhere.
        if (last.isIntersecting || body.contains(document.activeElement)) {
          setNear(true);
          return;
        }
        setHeight(last.boundingClientRect.height);
        setNear(false);
      },
      { rootMargin: "1000px" },
    );
    observer.observe(body);
    return () => observer.disconnect();
  }, []);
  return (
    <tbody ref={place}>
      {isNear ? (
        sweeps.map((sweep) => (
          <Row
            key={sweep.sweepId}
            sweep={sweep}
            isSelected={selected.has(sweep.sweepId)}
            onSelect={onSelect}
          />
        ))
      ) : (
        <tr className="gap" style={{ height }}>
          <td colSpan={COLUMNS.length + 1} />
        </tr>
      )}
    </tbody>
  );
}
