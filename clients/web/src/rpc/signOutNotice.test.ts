import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { KeyService } from "../gen/wanllmdb/api/registry/v1/key_service_pb";
import { SweepRegistryService } from "../gen/wanllmdb/api/registry/v1/registry_service_pb";
import { SignOutNotice } from "./signOutNotice";
import { services } from "./transport";

function connected() {
  const server = { isRevoked: false, fails: Code.Unauthenticated };
  const notice = new SignOutNotice();
  const reject = () => {
    if (server.isRevoked) throw new ConnectError("the key was revoked", server.fails);
  };
  const transport = createRouterTransport(
    ({ service }) => {
      service(KeyService, {
        getCaller: () => {
          reject();
          return {};
        },
      });
      service(SweepRegistryService, {
        async *watchSweeps() {
          yield {};
          server.isRevoked = true;
          reject();
        },
      });
    },
    { transport: { interceptors: [notice.interceptor] } },
  );
  return { server, notice, calls: services(transport) };
}

test("a call without a valid key is noticed, and one with a valid key ends the notice", async () => {
  const { server, notice, calls } = connected();
  let changes = 0;
  notice.subscribe(() => {
    changes += 1;
  });
  expect(notice.wasAccepted()).toBe(false);
  await calls.keys.getCaller({});
  expect(notice.wasAccepted()).toBe(true);
  expect(notice.getError()).toBeUndefined();
  server.isRevoked = true;
  await expect(calls.keys.getCaller({})).rejects.toThrow("revoked");
  expect(notice.getError()?.rawMessage).toBe("the key was revoked");
  server.isRevoked = false;
  await calls.keys.getCaller({});
  expect(notice.getError()).toBeUndefined();
  expect(changes).toBe(2);
});

test("a stream that breaks in its middle because the key was revoked is noticed", async () => {
  const { notice, calls } = connected();
  const read = async () => {
    for await (const _ of calls.registry.watchSweeps({})) expect(notice.getError()).toBeUndefined();
  };
  await expect(read()).rejects.toThrow("revoked");
  expect(notice.getError()?.code).toBe(Code.Unauthenticated);
});

test("other errors say nothing about the key", async () => {
  const { server, notice, calls } = connected();
  server.isRevoked = true;
  server.fails = Code.PermissionDenied;
  await expect(calls.keys.getCaller({})).rejects.toThrow("revoked");
  expect(notice.getError()).toBeUndefined();
});
