import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useId } from "react";
import { useServices } from "../../rpc/context";
import { STATE_NAMES } from "../../store/sweeps";
import type { SweepsSearch } from "./search";

interface Props {
  readonly search: SweepsSearch;
  readonly onChange: (search: SweepsSearch) => void;
}

/** The filters of the list of sweeps. */
export function SweepFilters({ search, onChange }: Props) {
  const id = useId();
  const projects = useProjects();
  const states = new Set(search.states);
  const find = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const query = new FormData(event.currentTarget).get("query");
    onChange({ ...search, query: typeof query === "string" ? query.trim() : "" });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: React knows <search>, browsers of last year do not
    <form role="search" className="filters" onSubmit={find}>
      <div className="field">
        <label htmlFor={`${id}-query`}>Name, id or description contains</label>
        {/* The address may change without the field, by the browser's Back. */}
        <input
          key={search.query ?? ""}
          id={`${id}-query`}
          name="query"
          type="search"
          maxLength={200}
          defaultValue={search.query ?? ""}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-project`}>Project</label>
        <select
          id={`${id}-project`}
          value={search.project ?? ""}
          onChange={(event) => onChange({ ...search, project: event.target.value })}
        >
          <option value="">all</option>
          {withChosen(projects, search.project).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <fieldset>
        <legend>State</legend>
        <div className="choices">
          {STATE_NAMES.map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={states.has(name)}
                onChange={(event) => {
                  if (event.target.checked) states.add(name);
                  else states.delete(name);
                  onChange({ ...search, states: STATE_NAMES.filter((each) => states.has(each)) });
                }}
              />
              {name}
            </label>
          ))}
        </div>
      </fieldset>
    </form>
  );
}

const MOST_PROJECTS = 1_000;

function useProjects(): readonly string[] {
  const { registry } = useServices();
  const projects = useQuery({
    queryKey: ["projects"],
    queryFn: ({ signal }) => registry.listProjects({ pageSize: MOST_PROJECTS }, { signal }),
    staleTime: 30_000,
  });
  return projects.data?.projects.map(({ name }) => name) ?? [];
}

/** Adds the chosen project to the list if it lacks it, for example because it is empty by now. */
function withChosen(names: readonly string[], chosen: string | undefined): readonly string[] {
  return chosen === undefined || names.includes(chosen) ? names : [...names, chosen];
}
