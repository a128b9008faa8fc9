import { isEmptyFilter } from "../../../store/runFilter";
import { useRunFilter } from "../useRunFilter";

/** Says that a chart of the server shows all runs although a filter is set. */
export function AllRunsNote() {
  const { filter } = useRunFilter();
  if (isEmptyFilter(filter)) return null;
  return (
    <p className="chart-note">
      The server computes this chart from all finished runs; the filter does not change it.
    </p>
  );
}
