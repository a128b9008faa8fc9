import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FailureCounter } from "../src/agent/failures.js";
import { Client, InvalidArgumentError } from "../src/index.js";
import { isLoopback, parseAddress, REGISTRY } from "../src/node/addresses.js";
import { handshakeProblem } from "../src/node/handshake.js";
import { patienceOf } from "../src/node/settings.js";
import { TestServer } from "./server.js";
import { SweepInMemory } from "./services.js";

test("an option wins over a variable", () => {
  const env = { WANLLMDB_REGISTRY: "10.0.0.1:1", WANLLMDB_PATIENCE: "1" };
  using client = new Client({ registry: "10.0.0.2:2", env });

  expect(client.settings.registry.given).toBe("10.0.0.2:2");
  expect(patienceOf(env, 3).seconds).toBe(3);
});

test.each([
  ["127.0.0.1:1", true],
  ["127.8.0.1:1", true],
  ["[::1]:1", true],
  ["[0:0:0:0:0:0:0:1]:1", true],
  ["localhost:1", true],
  ["unix:/run/registry", true],
  ["dns:///127.0.0.1:1", true],
  ["10.0.0.1:1", false],
  ["127.0.0.1.example:1", false],
  ["127.0.0.1:1,10.0.0.1:1", false],
  ["[2001:db8::1]:1", false],
])("whether %s is on this machine", (address, expected) => {
  expect(isLoopback(parseAddress(address, REGISTRY))).toBe(expected);
});

test("a scheme that Node can't connect to is rejected at once", () => {
  expect(() => parseAddress("xds:///registry", REGISTRY)).toThrow("WANLLMDB_REGISTRY");
});

test("a service may listen at a socket of this machine", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sweeps-"));
  const path = join(folder, "registry");
  try {
    await using _server = await TestServer.start(new SweepInMemory(0).routes, path);
    using client = new Client({ registry: `unix:${path}`, env: {} });

    expect((await client.getSweep("s1")).sweepId).toBe("s1");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the error of a failed handshake says what to do", () => {
  const failed = (code: string): Error =>
    new Error("no connection", { cause: Object.assign(new Error("handshake"), { code }) });

  const untrusted = failed("SELF_SIGNED_CERT_IN_CHAIN");
  expect(handshakeProblem(untrusted, {})).toContain("WANLLMDB_TLS_CA");
  expect(handshakeProblem(untrusted, { ca: "ca.pem" })).toContain("those in ca.pem");
  expect(handshakeProblem(failed("ERR_SSL_WRONG_VERSION_NUMBER"), {})).toContain("not speak TLS");
  expect(handshakeProblem(failed("ERR_TLS_CERT_ALTNAME_INVALID"), {})).toContain("SERVER_NAME");
  expect(handshakeProblem(failed("ECONNREFUSED"), {})).toBeUndefined();
  expect(handshakeProblem(untrusted, undefined)).toBeUndefined();
});

test("an agent that resumes needs a name", async () => {
  using client = new Client({ env: { WANLLMDB_RESUME: "1" } });

  await expect(client.agent("s1", () => {})).rejects.toThrow("WANLLMDB_AGENT_ID");
});

test("an agent's number of runs is a whole one", async () => {
  using client = new Client({ env: {} });

  await expect(client.agent("s1", () => {}, { count: 1.5 })).rejects.toThrow("count is 1.5");
});

test("an agent gives up after failures in a row, or when its first runs all fail", () => {
  const rows = new FailureCounter({}, { maxInitialFailures: 0 });
  expect([rows.failed(), rows.failed()]).toEqual([undefined, undefined]);
  rows.succeeded();
  expect([rows.failed(), rows.failed()]).toEqual([undefined, undefined]);
  expect(rows.failed()).toContain("3 runs in a row failed");

  const initial = new FailureCounter({ WANLLMDB_AGENT_MAX_QUICK_FAILURES: "0" }, {});
  expect([1, 2, 3, 4].map(() => initial.failed())).toEqual(Array(4).fill(undefined));
  expect(initial.failed()).toContain("the first 5 runs all failed");

  const never = new FailureCounter({ WANLLMDB_AGENT_NEVER_GIVE_UP: "yes" }, {});
  expect(Array.from({ length: 9 }, () => never.failed())).toEqual(Array(9).fill(undefined));
  expect(() => new FailureCounter({ WANLLMDB_AGENT_QUICK_SECONDS: "-1" }, {})).toThrow(
    InvalidArgumentError,
  );
});
