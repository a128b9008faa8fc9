import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useServices } from "../../rpc/context";
import { METHOD_NAMES, STATE_NAMES } from "../../store/sweeps";
import { ChoiceMenu } from "../../ui/ChoiceMenu";
import { useDraft } from "../../ui/useDraft";
import { isFiltered, type SweepsSearch } from "./search";

/** How long a search waits for the next key. */
const TYPING_MS = 300;

interface Props {
  readonly search: SweepsSearch;
  readonly onChange: (search: SweepsSearch) => void;
}

/** The filters of the list of sweeps. */
export function SweepFilters({ search, onChange }: Props) {
  const id = useId();
  const projects = useProjects();
  const { before: _before, ...kept } = search;
  // Another filter begins with the first page.
  const change = (changed: Partial<SweepsSearch>) => onChange({ ...kept, ...changed });
  return (
    // biome-ignore lint/a11y/useSemanticElements: React knows <search>, browsers of last year do not
    <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
      <TextField query={search.query ?? ""} onChange={(query) => change({ query })} />
      <div className="field">
        <label htmlFor={`${id}-project`}>Project</label>
        <select
          id={`${id}-project`}
          value={search.project ?? ""}
          onChange={(event) => change({ project: event.target.value })}
        >
          <option value="">any</option>
          {withChosen(projects, search.project).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <ChoiceMenu
        label="State"
        choices={STATE_NAMES}
        chosen={search.states ?? []}
        none="any"
        onChange={(states) => change({ states })}
      />
      <ChoiceMenu
        label="Method"
        choices={METHOD_NAMES}
        chosen={search.methods ?? []}
        none="any"
        onChange={(methods) => change({ methods })}
      />
      <DayField since={search.since ?? ""} onChange={(since) => change({ since })} />
      {isFiltered(search) && (
        <button
          type="button"
          className="quiet"
          onClick={() => onChange(search.order === undefined ? {} : { order: search.order })}
        >
          Clear filters
        </button>
      )}
    </form>
  );
}

function TextField({ query, onChange }: { query: string; onChange: (query: string) => void }) {
  const id = useId();
  const [draft, setDraft] = useDraft(query, (text) => onChange(text.trim()), TYPING_MS);
  return (
    <div className="field">
      <label htmlFor={id}>Search</label>
      <input
        id={id}
        type="search"
        maxLength={200}
        placeholder="name, id or description"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
      />
    </div>
  );
}

function DayField({ since, onChange }: { since: string; onChange: (since: string) => void }) {
  const id = useId();
  const [draft, setDraft] = useDraft(since, onChange, TYPING_MS);
  return (
    <div className="field">
      <label htmlFor={id}>Created since</label>
      <input
        id={id}
        type="date"
        min="1970-01-02"
        value={draft}
        // While a year is typed, it is that of the Romans.
        onChange={(event) => {
          if (!event.target.validity.rangeUnderflow) setDraft(event.target.value);
        }}
      />
    </div>
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
