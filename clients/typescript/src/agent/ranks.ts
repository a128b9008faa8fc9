import { type Environment, flagOf, textOf } from "../node/env.js";

/** What starts several processes of one program, by the variables that it sets in each. */
interface Launcher {
  /** The rank among all processes. */
  readonly ofAll: readonly string[];
  /** The rank on the machine, or that of the machine. */
  readonly ofMachine: readonly string[];
  /** What tells one launch from another. */
  readonly others: readonly string[];
}

const LAUNCHERS: readonly Launcher[] = [
  {
    ofAll: ["RANK"],
    ofMachine: ["LOCAL_RANK", "NODE_RANK", "GROUP_RANK"],
    others: ["MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"],
  },
  {
    ofAll: ["SLURM_PROCID"],
    ofMachine: ["SLURM_LOCALID"],
    others: ["SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_STEPID"],
  },
  {
    ofAll: ["OMPI_COMM_WORLD_RANK"],
    ofMachine: ["OMPI_COMM_WORLD_LOCAL_RANK"],
    others: ["OMPI_COMM_WORLD_SIZE", "OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE"],
  },
  {
    ofAll: ["PMI_RANK", "PMIX_RANK"],
    ofMachine: ["MPI_LOCALRANKID"],
    others: ["PMI_SIZE", "PMI_ID", "PMIX_NAMESPACE"],
  },
  {
    ofAll: ["MV2_COMM_WORLD_RANK"],
    ofMachine: ["MV2_COMM_WORLD_LOCAL_RANK"],
    others: ["MV2_COMM_WORLD_SIZE"],
  },
  {
    ofAll: ["JSM_NAMESPACE_RANK"],
    ofMachine: ["JSM_NAMESPACE_LOCAL_RANK"],
    others: ["JSM_NAMESPACE_SIZE"],
  },
  { ofAll: ["FLUX_TASK_RANK"], ofMachine: ["FLUX_TASK_LOCAL_ID"], others: ["FLUX_JOB_ID"] },
];

/**
 * Returns the variable, such as `RANK=2`, by which this process of a program only reads its
 * parameters; undefined if it reports.
 */
export function silentRank(env: Environment): string | undefined {
  if (flagOf(env, "WANLLMDB_ALL_RANKS")) return undefined;
  const agents = ofAgent(env);
  const started = LAUNCHERS.filter(({ ofAll, ofMachine, others }) =>
    [...ofAll, ...ofMachine, ...others].some((name) => (env[name] ?? "") !== (agents[name] ?? "")),
  );
  for (const name of started.flatMap(({ ofAll }) => ofAll)) {
    const rank = rankIn(env, name);
    if (rank !== undefined) return rank === 0 ? undefined : `${name}=${rank}`;
  }
  return started
    .flatMap(({ ofMachine }) => ofMachine)
    .filter((name) => rankIn(env, name))
    .map((name) => `${name}=${rankIn(env, name)}`)[0];
}

/** The agent may have a rank itself, which says nothing about its children. */
function ofAgent(env: Environment): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(textOf(env, "WANLLMDB_AGENT_RANKS") ?? "{}");
    return typeof found === "object" && found !== null ? { ...found } : {};
  } catch {
    return {};
  }
}

function rankIn(env: Environment, name: string): number | undefined {
  const text = (env[name] ?? "").trim();
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}
