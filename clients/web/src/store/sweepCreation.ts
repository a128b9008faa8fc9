import type { Client } from "@connectrpc/connect";
import type {
  CreateSweepResponse,
  SweepRegistryService,
} from "../gen/wanllmdb/api/registry/v1/registry_service_pb";

/** What is to be created: a config, and runs that the sweep starts with. */
export interface CreationPlan {
  readonly text: string;
  readonly prior:
    | { readonly kind: "none" }
    | { readonly kind: "sweep"; readonly sweepId: string }
    | { readonly kind: "csv" | "jsonLines"; readonly parts: readonly string[] };
  /** Whether runs that do not fit are left out; if not, the first one rejects its part. */
  readonly skipUnfit: boolean;
}

/** How far a creation is. */
export interface CreationState {
  readonly answer: CreateSweepResponse;
  readonly imported: bigint;
  readonly skipped: bigint;
  readonly skipReasons: readonly string[];
  /** Parts of the prior runs that are in, of all. */
  readonly partsDone: number;
  readonly parts: number;
}

// 100,000 prior runs take a while to check.
const SLOW = { timeoutMs: 180_000 };

type Registry = Pick<Client<typeof SweepRegistryService>, "createSweep" | "importRuns">;

/**
 * Creates a sweep and imports its prior runs: the first part together with the sweep, or not at all,
 * and the others after it.
 *
 * Each call has an id of its own, so that a repeated call makes nothing twice. After a failure, the
 * next `run` goes on with the call that failed.
 */
export class SweepCreation {
  state: CreationState | undefined;
  readonly plan: CreationPlan;
  private readonly ids = new Map<string, string>();
  private readonly registry: Registry;
  private readonly newId: () => string;

  constructor(registry: Registry, plan: CreationPlan, newId: () => string) {
    this.registry = registry;
    this.plan = plan;
    this.newId = newId;
  }

  /** Makes all calls that have not succeeded yet; rejects with the error of the first that fails. */
  async run(skipUnfit = this.plan.skipUnfit): Promise<CreationState> {
    const { prior } = this.plan;
    const parts = prior.kind === "csv" || prior.kind === "jsonLines" ? prior.parts : [];
    let state = this.state ?? (await this.create(parts, skipUnfit));
    this.state = state;
    const sweepId = state.answer.sweep?.sweepId ?? "";
    while (state.partsDone < parts.length) {
      const answer = await this.registry.importRuns(
        {
          sweepId,
          source: this.sourceOf(parts[state.partsDone] ?? "", skipUnfit),
          requestId: this.idOf(`${state.partsDone} ${skipUnfit}`),
        },
        SLOW,
      );
      state = {
        ...state,
        imported: state.imported + answer.importedRuns,
        skipped: state.skipped + answer.skippedRuns,
        skipReasons: [...state.skipReasons, ...answer.skipReasons],
        partsDone: state.partsDone + 1,
      };
      this.state = state;
    }
    return state;
  }

  private async create(parts: readonly string[], skipUnfit: boolean): Promise<CreationState> {
    const { text, prior } = this.plan;
    const source =
      prior.kind === "none"
        ? undefined
        : prior.kind === "sweep"
          ? { source: { case: "sweepId" as const, value: prior.sweepId }, skipUnfit }
          : this.sourceOf(parts[0] ?? "", skipUnfit);
    const answer = await this.registry.createSweep(
      {
        source: { case: "configText", value: { text, keepsFloats: true } },
        requestId: this.idOf("create"),
        ...(source === undefined ? {} : { priorRunSource: source }),
      },
      SLOW,
    );
    return {
      answer,
      imported: answer.importedRuns,
      skipped: answer.skippedRuns,
      skipReasons: [],
      partsDone: Math.min(parts.length, 1),
      parts: parts.length,
    };
  }

  private sourceOf(part: string, skipUnfit: boolean) {
    const isCsv = this.plan.prior.kind === "csv";
    return isCsv
      ? { source: { case: "csv" as const, value: part }, skipUnfit }
      : { source: { case: "jsonLines" as const, value: part }, skipUnfit };
  }

  private idOf(call: string): string {
    const known = this.ids.get(call);
    if (known !== undefined) return known;
    const id = this.newId();
    this.ids.set(call, id);
    return id;
  }
}

/** Whether two plans make the same sweep. */
export function isSamePlan(one: CreationPlan, other: CreationPlan): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
