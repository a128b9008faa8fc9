import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const ALLOWED = /^@(bufbuild\/protobuf|connectrpc\/connect)(\/|$)/;
const GLOBALS_OF_NODE = /\b(Buffer|process|NodeJS|randomUUID)\b/;

test("the core imports nothing that browsers lack", async () => {
  const seen = new Map<string, string>();
  const packages = new Set<string>();
  const read = async (url: URL): Promise<void> => {
    if (seen.has(url.href)) return;
    const text = await readFile(url, "utf8");
    seen.set(url.href, text);
    for (const [, name = ""] of text.matchAll(/^(?:import|export)[^"]* from "([^"]+)";$/gm)) {
      if (name.startsWith(".")) await read(new URL(name.replace(/\.js$/, ".ts"), url));
      else packages.add(name);
    }
  };
  await read(new URL("../src/core.ts", import.meta.url));

  expect(seen.size).toBeGreaterThan(10);
  expect([...packages].filter((name) => !ALLOWED.test(name))).toEqual([]);
  const own = [...seen].filter(([href]) => !href.includes("/gen/"));
  expect(own.filter(([, text]) => GLOBALS_OF_NODE.test(withoutComments(text)))).toEqual([]);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}
