import { createConnectTransport } from "@connectrpc/connect-web";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { afterAll, test as base, expect, inject } from "vitest";
import { type Services, services } from "../../src/rpc/transport";
import { Agents } from "./agents";

export { describe, expect, inject } from "vitest";

const EXPECTED_MS = 15_000;
// The browser's own note does not say which call it was.
const FAILED_ANSWER = /^Failed to load resource: the server responded/;

let browser: Promise<Browser> | undefined;
const opened: Agents[] = [];

afterAll(async () => {
  await Promise.all(opened.splice(0).map((agents) => agents.close()));
  await (await browser)?.close();
  browser = undefined;
});

/** What a page did that no page should do: errors, and breaks of the policy. */
export class Faults {
  readonly #seen: string[] = [];
  // Charts ask before there is something to draw; the server then says what they lack.
  readonly #allowed: RegExp[] = [/^answer 400: .*AnalysisService/];

  /** Names a fault that the test provokes. */
  allow(...patterns: RegExp[]): void {
    this.#allowed.push(...patterns);
  }

  watch(page: Page): void {
    page.on("pageerror", (error) => this.#seen.push(`page error: ${error.stack ?? error}`));
    // A break of the policy is an error of the console too.
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !FAILED_ANSWER.test(text)) {
        this.#seen.push(`console: ${text}`);
      }
    });
    page.on("response", (response) => {
      if (response.status() < 400) return;
      this.#seen.push(`answer ${response.status()}: ${new URL(response.url()).pathname}`);
    });
  }

  get unexpected(): readonly string[] {
    return this.#seen.filter((fault) => !this.#allowed.some((pattern) => pattern.test(fault)));
  }
}

/** Opens contexts of the browser, whose pages report their faults. */
export type NewContext = (options?: BrowserContextOptions) => Promise<BrowserContext>;

interface Fixtures {
  readonly faults: Faults;
  readonly newContext: NewContext;
  /** A page of a new context. */
  readonly page: Page;
  /** Calls through the gateway, as a page makes them. */
  readonly api: Services;
  /** Plays agents; shared by the tests of a file. */
  readonly agents: Agents;
}

/** A test in the browser, on the platform that all files share; fails on every fault of a page. */
export const test = base
  .extend<Fixtures>({
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the names of the fixtures here
    faults: async ({}, use) => {
      const faults = new Faults();
      await use(faults);
      expect(faults.unexpected, "faults of the page").toEqual([]);
    },
    newContext: async ({ faults }, use) => {
      const contexts: BrowserContext[] = [];
      await use(async (options) => {
        browser ??= chromium.connect(inject("browser"));
        const context = await (await browser).newContext({
          baseURL: inject("dashboard"),
          viewport: { width: 1280, height: 900 },
          locale: "en-GB",
          timezoneId: "Europe/Berlin",
          reducedMotion: "reduce",
          ...options,
        });
        context.setDefaultTimeout(EXPECTED_MS);
        context.on("page", (page) => faults.watch(page));
        contexts.push(context);
        return context;
      });
      await Promise.all(contexts.map((context) => context.close()));
    },
    page: async ({ newContext }, use) => {
      await use(await (await newContext()).newPage());
    },
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the names of the fixtures here
    api: async ({}, use) => {
      await use(apiOf(inject("dashboard")));
    },
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the names of the fixtures here
    agents: async ({}, use) => {
      const [
        agents = newAgents({ registry: inject("registry"), suggestion: inject("suggestion") }),
      ] = opened;
      await use(agents);
    },
  })
  .runIf(inject("browser") !== "");

/** Starts a player of agents that is closed after the tests of the file. */
export function newAgents(platform: ConstructorParameters<typeof Agents>[0]): Agents {
  const agents = new Agents(platform);
  opened.push(agents);
  return agents;
}

/** Returns clients of a gateway, with the headers of its own page; with a key if one is given. */
export function apiOf(origin: string, key?: string): Services {
  return services(
    createConnectTransport({
      baseUrl: origin,
      useBinaryFormat: true,
      interceptors: [
        (next) => (request) => {
          request.header.set("origin", origin);
          if (key !== undefined) request.header.set("authorization", `Bearer ${key}`);
          return next(request);
        },
      ],
    }),
  );
}

/** Waits until a function returns what is expected. */
export function eventually<T>(actual: () => Promise<T> | T, timeout = EXPECTED_MS) {
  return expect.poll(actual, { timeout, interval: 50 });
}
