import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SecureClientSessionOptions } from "node:http2";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { InvalidArgumentError, messageOf } from "../core/errors.js";
import { type Environment, switchOf, textOf } from "./env.js";

/** How a client and the services prove who they are. The files are in PEM form. */
export interface Tls {
  /** The authorities to trust; the public ones if absent. */
  readonly ca?: string;
  /** The client's certificate; needs `key`. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the services' certificates must have; that in the address if absent. */
  readonly serverName?: string;
}

/**
 * Returns the given settings, else those of the environment; undefined for plain text.
 *
 * @param given true for the settings of the environment, and false for plain text.
 * @throws InvalidArgumentError if a setting is not valid.
 */
export function tlsOf(env: Environment, given?: boolean | Tls): Tls | undefined {
  const tls = typeof given === "object" ? given : ofEnvironment(env);
  // A setting such as an authority turns TLS on.
  const isOn =
    typeof given === "object" ||
    (given ?? switchOf(env, "WANLLMDB_TLS", Object.keys(tls).length > 0));
  if (!isOn) return undefined;
  if (tls.cert !== undefined && tls.key === undefined) {
    throw new InvalidArgumentError(
      "TLS: a certificate needs its key (WANLLMDB_TLS_KEY, or tls.key)",
    );
  }
  if (tls.key !== undefined && tls.cert === undefined) {
    throw new InvalidArgumentError(
      "TLS: a key needs its certificate (WANLLMDB_TLS_CERT, or tls.cert)",
    );
  }
  return tls;
}

function ofEnvironment(env: Environment): Tls {
  const ca = textOf(env, "WANLLMDB_TLS_CA");
  const cert = textOf(env, "WANLLMDB_TLS_CERT");
  const key = textOf(env, "WANLLMDB_TLS_KEY");
  const serverName = textOf(env, "WANLLMDB_TLS_SERVER_NAME");
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(serverName && { serverName }),
  };
}

/**
 * Returns the settings for Node, with the contents of the files.
 *
 * @throws InvalidArgumentError if a file can't be read, or holds something else.
 */
export function sessionOptions(tls: Tls): SecureClientSessionOptions {
  const ca = read("CA", tls.ca, (pem) => new X509Certificate(pem));
  const cert = read("certificate", tls.cert, (pem) => new X509Certificate(pem));
  const key = read("key", tls.key, (pem) => createPrivateKey(pem));
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** Returns the settings for one server, whose certificate must have this name. */
export function withName(
  options: SecureClientSessionOptions,
  name: string,
): SecureClientSessionOptions {
  return {
    ...options,
    // A name that is an address must not be sent; the certificate is checked with it all the same.
    ...(isIP(name) ? {} : { servername: name }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  };
}

function read(
  what: string,
  path: string | undefined,
  check: (pem: Buffer) => unknown,
): Buffer | undefined {
  if (path === undefined) return undefined;
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (error) {
    throw new InvalidArgumentError(
      `TLS: the ${what} file ${path} can't be read: ${messageOf(error)}`,
    );
  }
  try {
    check(pem);
  } catch (error) {
    throw new InvalidArgumentError(
      `TLS: the ${what} file ${path} holds none in PEM form: ${messageOf(error)}`,
    );
  }
  return pem;
}
