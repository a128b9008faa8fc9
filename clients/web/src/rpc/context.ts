import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createContext, useContext, useMemo } from "react";
import type { Services } from "./transport";

export const ServicesContext = createContext<Services | undefined>(undefined);

/** Returns the services behind this page. */
export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === undefined) throw new Error("there is no ServicesContext around this component");
  return services;
}

/** Returns a client of a service that is loaded with the pages that use it. */
export function useClient<T extends DescService>(service: T): Client<T> {
  const { transport } = useServices();
  return useMemo(() => createClient(service, transport), [service, transport]);
}
