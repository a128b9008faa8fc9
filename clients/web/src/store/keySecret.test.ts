import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { keyText, newKeySecret } from "./keySecret";
import { notAKey } from "./keyText";

test("a secret is 32 bytes in base64url, its hash that of the text, and no two are equal", async () => {
  const secrets = await Promise.all(Array.from({ length: 50 }, newKeySecret));
  for (const { secret, sha256 } of secrets) {
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(sha256).toString("hex")).toBe(
      createHash("sha256").update(secret, "ascii").digest("hex"),
    );
    expect(notAKey(keyText("abc123", secret))).toBeUndefined();
  }
  expect(new Set(secrets.map(({ secret }) => secret)).size).toBe(50);
});
