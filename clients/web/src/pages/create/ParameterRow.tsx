import { memo, useMemo } from "react";
import type { FieldProblem } from "../../rpc/problems";
import { shapeOf, summaryOf } from "../../store/parameterShape";
import type { ParameterForm } from "../../store/sweepConfig";
import type { ParameterRow as Row } from "../../store/sweepConfigRows";
import { DistributionPlot } from "./DistributionPlot";
import type { Edit } from "./edit";
import { ParameterEditor } from "./ParameterEditor";

interface Props {
  readonly row: Row;
  readonly problems: readonly FieldProblem[];
  readonly isOpen: boolean;
  /** The parameters on which this one may depend; empty while the row is closed. */
  readonly others: readonly ParameterForm[];
  readonly onToggle: (id: string) => void;
  readonly edit: Edit;
}

/** A parameter in a line, which opens to its fields. */
export const ParameterRow = memo(function ParameterRow(props: Props) {
  const { row, problems, isOpen, others, onToggle, edit } = props;
  const { parameter } = row;
  const shape = useMemo(() => shapeOf(parameter), [parameter]);
  const summary = summaryOf(parameter);
  const conditions = parameter.when?.map(({ name, values }) => `${name} is ${values}`) ?? [];
  return (
    <li className={parameter.distribution === "group" ? "parameter-row group" : "parameter-row"}>
      <button
        type="button"
        className="parameter-summary"
        aria-expanded={isOpen}
        aria-controls={`${row.id}-fields`}
        id={`${row.id}-summary`}
        onClick={() => onToggle(row.id)}
      >
        <span className="parameter-name">
          {parameter.groups.map((group, depth) => (
            <span key={depth} className="faint">
              <bdi>{group}</bdi>/
            </span>
          ))}
          <bdi>{parameter.name}</bdi>
        </span>
        <span className="parameter-words">
          {summary}
          {conditions.length > 0 && <em> when {conditions.join(" and ")}</em>}
          {parameter.when === undefined && <em> under a condition that only the text shows</em>}
        </span>
        {problems.length > 0 && (
          <span className="at-fault">
            ✗ {problems.length === 1 ? "1 problem" : `${problems.length} problems`}
          </span>
        )}
        {shape !== undefined && !isOpen && (
          <DistributionPlot shape={shape} label={summary} isSmall />
        )}
      </button>
      {isOpen && (
        <div id={`${row.id}-fields`} className="parameter-fields">
          <ParameterEditor
            parameter={parameter}
            shape={shape}
            summary={summary}
            problems={problems}
            others={others}
            edit={edit}
          />
        </div>
      )}
    </li>
  );
});
