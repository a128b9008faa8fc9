const SECRET_BYTES = 32;

/** A secret of a new key, and the hash by which the server recognizes it. */
export interface KeySecret {
  readonly secret: string;
  readonly sha256: Uint8Array<ArrayBuffer>;
}

/** Whether this page can make keys: browsers hash on pages from TLS or loopback only. */
export function canMakeSecrets(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** Returns a new secret: 32 random bytes in base64url. */
export async function newKeySecret(): Promise<KeySecret> {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const secret = btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return { secret, sha256: new Uint8Array(hash) };
}

/** Returns the text of a key, which a call carries. */
export function keyText(keyId: string, secret: string): string {
  return `wsk_${keyId}_${secret}`;
}
