import type { Tls } from "./tls.js";

const OF_AUTHORITIES = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/**
 * Returns what is wrong with a TLS handshake and what to do; undefined if that is not the problem.
 *
 * @param problem what connecting threw, with its causes.
 */
export function handshakeProblem(problem: unknown, tls: Tls | undefined): string | undefined {
  if (tls === undefined) return undefined;
  const codes = codesIn(problem);
  if (codes.has("ERR_SSL_WRONG_VERSION_NUMBER")) {
    return "it does not speak TLS: unset WANLLMDB_TLS* (or the option tls), or start it with a certificate";
  }
  if (codes.has("ERR_TLS_CERT_ALTNAME_INVALID")) {
    return "it has a certificate for another name: use the name in the certificate as the address, or set WANLLMDB_TLS_SERVER_NAME (or tls.serverName) to that name";
  }
  if (codes.has("CERT_HAS_EXPIRED")) return "it has a certificate that has expired";
  if ([...codes].some((code) => OF_AUTHORITIES.has(code))) {
    const trusted = tls.ca === undefined ? "those known to Node" : `those in ${tls.ca}`;
    return `it has a certificate of an authority that is not trusted (trusted: ${trusted}): set WANLLMDB_TLS_CA (or tls.ca) to the certificate file of the signing authority`;
  }
  return undefined;
}

function codesIn(problem: unknown): Set<string> {
  const codes = new Set<string>();
  for (let each = problem; each instanceof Error; each = each.cause) {
    if ("code" in each && typeof each.code === "string") codes.add(each.code);
  }
  return codes;
}
