import { createContext, useContext } from "react";
import type { Services } from "./transport";

export const ServicesContext = createContext<Services | undefined>(undefined);

/** Returns the services behind this page. */
export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === undefined) throw new Error("there is no ServicesContext around this component");
  return services;
}
