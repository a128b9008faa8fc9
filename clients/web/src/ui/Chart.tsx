import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { paletteOf } from "../plots/palette";
import { describeProblem } from "../rpc/problems";
import { type ChartTable, csvOf, fileName } from "../store/chartTable";
import { explain } from "../store/explain";
import { formatCount, formatValue } from "../store/format";
import { download, downloadDrawing } from "./download";
import { ProblemNotice } from "./ProblemNotice";
import { type Answer, OnScreenContext } from "./useAnswer";

interface PanelProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** A panel whose content is made when it first comes near the screen. */
export function ChartPanel({ title, children }: PanelProps) {
  const id = useId();
  const place = useRef<HTMLElement>(null);
  const [isOnScreen, setOnScreen] = useState(false);
  const [wasSeen, setSeen] = useState(false);
  useEffect(() => {
    if (place.current === null) return;
    const observer = new IntersectionObserver(
      (entries) => {
        const isNear = entries.at(-1)?.isIntersecting ?? false;
        setOnScreen(isNear);
        if (isNear) setSeen(true);
      },
      { rootMargin: "200px" },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return (
    <section className="panel chart" aria-labelledby={id} ref={place}>
      <h2 id={id}>{title}</h2>
      <OnScreenContext value={isOnScreen}>
        {wasSeen ? children : <div className="skeleton" />}
      </OnScreenContext>
    </section>
  );
}

interface ChartProps<T> {
  readonly title: string;
  readonly answer: Answer<T>;
  /** What to say if the answer has nothing to draw; undefined if it has. */
  readonly empty?: (data: T) => ReactNode | undefined;
  /** The drawing's data; absent if the content is itself a table or a text. */
  readonly table?: (data: T) => ChartTable;
  readonly children: (data: T) => ReactNode;
}

/** A chart in one of its states: loading, failed, explained, empty or drawn with its table. */
export function Chart<T>({ title, answer, empty, table, children }: ChartProps<T>) {
  const { data, error, isPending, retry } = answer;
  if (error !== null && error !== undefined) {
    const reason = explain(describeProblem(error));
    if (reason === undefined) return <ProblemNotice error={error} onRetry={retry} />;
    return (
      <div className="chart-empty">
        <p>
          <strong>{reason.title}</strong>
        </p>
        <p>{reason.text}</p>
      </div>
    );
  }
  if (isPending || data === undefined) {
    return (
      <div className="skeleton" role="status">
        Loading …
      </div>
    );
  }
  const nothing = empty?.(data);
  if (nothing !== undefined) return <div className="chart-empty">{nothing}</div>;
  if (table === undefined) return children(data);
  return (
    <Drawn title={title} table={() => table(data)}>
      {children(data)}
    </Drawn>
  );
}

interface DrawnProps {
  readonly title: string;
  readonly table: () => ChartTable;
  readonly children: ReactNode;
}

function Drawn({ title, table, children }: DrawnProps) {
  const place = useRef<HTMLDivElement>(null);
  const [isTable, setTable] = useState(false);
  const name = fileName(title);
  const savePicture = () => {
    if (place.current === null) return;
    downloadDrawing(place.current, name, paletteOf(place.current).surface);
  };
  const saveTable = () =>
    download(`${name}.csv`, new Blob([csvOf(table())], { type: "text/csv;charset=utf-8" }));
  return (
    <>
      {isTable ? (
        <DataTable title={title} table={table()} />
      ) : (
        <div ref={place} className="drawing">
          {children}
        </div>
      )}
      <div className="chart-tools">
        <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          Show data as a table
        </button>
        <button type="button" onClick={saveTable} aria-label={`${title}: download CSV`}>
          CSV
        </button>
        <button
          type="button"
          onClick={savePicture}
          disabled={isTable}
          aria-label={`${title}: download picture`}
        >
          Picture
        </button>
      </div>
    </>
  );
}

/** The most rows that a table on a page has. */
export const MOST_ROWS = 500;

interface DataTableProps {
  readonly title: string;
  readonly table: ChartTable;
  /** How many rows there are, if the table has the first ones only. */
  readonly total?: number;
}

/** The data of a chart as a table of its first rows. */
export function DataTable({ title, table: { head, rows }, total = rows.length }: DataTableProps) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="table-scroll chart-table" aria-label={`${title}, data`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST_ROWS).map((row, index) => (
              <tr key={index}>
                {row.map((cell, column) => (
                  <td
                    key={head[column]}
                    className={typeof cell === "string" ? undefined : "number left"}
                  >
                    {typeof cell === "number" ? numberText(cell) : cell?.toString()}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {total > MOST_ROWS && (
        <p className="faint">
          The first {formatCount(MOST_ROWS)} of {formatCount(total)} rows; the CSV has all.
        </p>
      )}
    </>
  );
}

function numberText(value: number): string {
  return Number.isNaN(value) ? "" : formatValue(value);
}
