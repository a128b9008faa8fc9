import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { LocalLeases } from "../src/agent/lease.js";
import { ServiceTransport } from "../src/core/transport.js";
import {
  Core,
  connectThrough,
  hasReason,
  InvalidArgumentError,
  random,
  ServiceError,
  SweepRegistryService,
  uniform,
} from "../src/core.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";

const SWEEP = random({ minimize: "loss" }, { x: uniform(0, 1) });

test("a request that failed is sent again with its id, and another one has another id", async () => {
  const ids: string[] = [];
  const core = connectThrough(
    createRouterTransport((router) =>
      router.service(SweepRegistryService, {
        createSweep: ({ requestId }) => {
          ids.push(requestId);
          if (ids.length < 3) throw new ConnectError("away", Code.Unavailable);
          return { sweep: { sweepId: "s1" } };
        },
      }),
    ),
  );

  expect(await core.createSweep(SWEEP)).toBe("s1");
  expect(await core.createSweep(SWEEP)).toBe("s1");

  expect(new Set(ids.slice(0, 3)).size).toBe(1);
  expect(new Set(ids).size).toBe(2);
});

test("an error has the reason and the fields that the service gave", async () => {
  const core = connectThrough(
    createRouterTransport((router) =>
      router.service(SweepRegistryService, {
        getSweep: () => {
          throw new ConnectError("no such sweep", Code.NotFound, undefined, [
            {
              desc: ErrorInfoSchema,
              value: { reason: "SWEEP_NOT_FOUND", metadata: { sweep_id: "s1" } },
            },
          ]);
        },
      }),
    ),
  );

  const error = await core.getSweep("s1").catch((thrown: unknown) => thrown);

  expect(hasReason(error, "SWEEP_NOT_FOUND")).toBe(true);
  expect(error).toBeInstanceOf(ServiceError);
  expect(error).toMatchObject({ message: "no such sweep", metadata: { sweep_id: "s1" } });
});

test("the program's signal ends a call, also between two attempts", async () => {
  const stop = new AbortController();
  const core = connectThrough(
    createRouterTransport((router) =>
      router.service(SweepRegistryService, {
        getSweep: () => {
          stop.abort(new Error("enough"));
          throw new ConnectError("busy", Code.ResourceExhausted, undefined, [
            { desc: RetryInfoSchema, value: { retryDelay: { seconds: 9n } } },
          ]);
        },
      }),
    ),
  );

  await expect(core.getSweep("s1", { signal: stop.signal })).rejects.toThrow("enough");
});

test("a deadline ends the repetitions with the last error", async () => {
  const core = connectThrough(
    createRouterTransport((router) =>
      router.service(SweepRegistryService, {
        getSweep: () => {
          throw new ConnectError("away", Code.Unavailable);
        },
      }),
    ),
  );

  const error = await core.getSweep("s1", { timeoutMs: 300 }).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ code: Code.Unavailable });
});

test("the program's signal and the deadline end the wait for a connection", async () => {
  const stop = new AbortController();
  const routes = {
    where: "the registry",
    remedy: "start it",
    chosen: () => undefined,
    any: () => new Promise<never>(() => {}),
  };
  const never = new ServiceTransport(routes, { current: () => "", hasOtherThan: () => false });
  const core = new Core({ registry: never, suggestion: never });

  const answer = core.getSweep("s1", { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(answer).rejects.toThrow("enough");
  const late = await core.getSweep("s1", { timeoutMs: 5 }).catch((thrown: unknown) => thrown);
  expect(late).toMatchObject({ code: Code.DeadlineExceeded });
});

test("a text that is no key is not sent", () => {
  const transport = createRouterTransport(() => {});

  expect(() => connectThrough(transport, { apiKey: "ghp_secret" })).toThrow(InvalidArgumentError);
});

test("a heartbeat that is refused means that the run is lost", async () => {
  const core = connectThrough(
    createRouterTransport((router) =>
      router.service(SweepRegistryService, {
        heartbeat: () => {
          throw new ConnectError("it has ended", Code.FailedPrecondition);
        },
      }),
    ),
  );
  const lease = { sweepId: "s1", number: 0n, attempt: 1 };

  const reason = await new Promise((lost) => {
    new LocalLeases(core).keep(lease, 0.6, { obey: () => {}, lost });
  });

  expect(reason).toContain("it has ended");
});
