import { isIP, isIPv4, isIPv6 } from "node:net";
import { InvalidArgumentError } from "../core/errors.js";

/** One of the two services, and the settings that give its address. */
export interface Service {
  readonly name: string;
  /** The variable of the environment, and the option of the client. */
  readonly variable: string;
  readonly option: string;
  readonly byDefault: string;
}

export const REGISTRY: Service = {
  name: "registry",
  variable: "WANLLMDB_REGISTRY",
  option: "registry",
  byDefault: "localhost:50051",
};
export const SUGGESTION: Service = {
  name: "suggestion service",
  variable: "WANLLMDB_SUGGESTION",
  option: "suggestion",
  byDefault: "localhost:50052",
};

/** One server: a host with a port, or a socket of this machine. */
export interface Endpoint {
  /** As all clients write it: `host:port`, or `[host]:port` for IPv6. */
  readonly text: string;
  readonly host: string;
  readonly port: number;
  /** The path of a socket; then the host and the port have no meaning. */
  readonly socket?: string;
}

/** Where a service is. */
export interface Address {
  /** As the user wrote it. */
  readonly given: string;
  readonly endpoints: readonly Endpoint[];
  /** Whether clients may choose among the endpoints; they may not behind a scheme of gRPC. */
  readonly isList: boolean;
  /** The host of the first endpoint as the user wrote it; undefined behind a scheme. */
  readonly host: string | undefined;
}

const SCHEMES = /^(dns|ipv4|ipv6|unix|unix-abstract|vsock|xds):/;

/**
 * Returns what an address means.
 *
 * @throws InvalidArgumentError if it is not valid.
 */
export function parseAddress(given: string, service: Service): Address {
  const text = given.trim();
  const scheme = SCHEMES.exec(text)?.[1];
  if (scheme !== undefined) {
    const endpoints = endpointsOfTarget(scheme, text, service);
    return { given, endpoints, isList: false, host: undefined };
  }
  const parts = text.split(",").map((part) => part.trim());
  const endpoints = parts.map((part) => endpointOf(part, service));
  const versions = new Set(endpoints.map(({ host }) => isIP(host)));
  if (versions.has(4) && versions.has(6)) {
    throw badAddress(given, service, "mixes IPv4 and IPv6; name one kind only");
  }
  return { given, endpoints, isList: true, host: splitPort(parts[0] ?? "")?.host };
}

/** Returns the entries of an address as all clients write them, or its target of gRPC. */
export function replicasOf({ given, endpoints, isList }: Address): string[] {
  return isList ? endpoints.map(({ text }) => text) : [given.trim()];
}

/** Whether everything that is sent to an address stays on this machine. */
export function isLoopback({ endpoints }: Address): boolean {
  return endpoints.every(({ host, socket }) => {
    if (socket !== undefined || host === "localhost") return true;
    return isIPv4(host)
      ? host.startsWith("127.")
      : isIPv6(host) && new URL(urlOf(host)).hostname === "[::1]";
  });
}

function urlOf(host: string): string {
  return `http://[${host}]`;
}

function endpointsOfTarget(scheme: string, text: string, service: Service): Endpoint[] {
  const rest = text.slice(scheme.length + 1);
  switch (scheme) {
    case "dns":
      // dns://resolver/host:port
      return [endpointOf(rest.slice(rest.lastIndexOf("/") + 1), service)];
    case "ipv4":
    case "ipv6":
      return rest.split(",").map((part) => endpointOf(part.trim(), service));
    case "unix": {
      const socket = rest.replace(/^\/\/(?=\/)/, "");
      return [{ text, host: "localhost", port: 80, socket }];
    }
    case "unix-abstract":
      return [{ text, host: "localhost", port: 80, socket: `\0${rest}` }];
    default:
      throw badAddress(text, service, `has the scheme ${scheme}:, which this client does not know`);
  }
}

function endpointOf(part: string, service: Service): Endpoint {
  const split = splitPort(part);
  if (split === undefined) {
    throw badAddress(part, service, "is not host:port, such as localhost:50051");
  }
  // Servers listen there, and the second address of localhost would be a replica that is down.
  const host = split.host === "localhost" ? "127.0.0.1" : split.host;
  const shown = host.includes(":") ? `[${host}]` : host;
  return { text: `${shown}:${split.port}`, host, port: split.port };
}

function splitPort(part: string): { host: string; port: number } | undefined {
  const colon = part.lastIndexOf(":");
  const host = part.slice(0, Math.max(colon, 0)).replace(/^\[/, "").replace(/\]$/, "");
  const digits = part.slice(colon + 1);
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : 0;
  // A slash shows a URL, which would otherwise be looked up as a name.
  if (host === "" || host.includes("/") || port < 1 || port > 65_535) return undefined;
  return { host, port };
}

function badAddress(address: string, service: Service, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `the ${service.name}'s address '${address}' ${problem} (option ${service.option}, or ${service.variable})`,
  );
}
