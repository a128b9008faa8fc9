// First, because the styles of pages refine these.
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/forms.css";
import "./ui/tables.css";
import "./ui/panels.css";
import "./ui/app.css";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeRouter } from "./pages/router";
import { ServicesContext } from "./rpc/context";
import { mayRetry } from "./rpc/problems";
import { connect } from "./rpc/transport";
import { applyTheme, storedTheme } from "./store/theme";

applyTheme(storedTheme());

const cache = new QueryClient({
  defaultOptions: {
    queries: { retry: (failures, error) => failures < 3 && mayRetry(error) },
    // A mutation whose answer is lost is repeated by the user, who sees the current state first.
    mutations: { retry: false },
  },
});

const place = document.getElementById("root");
if (place === null) throw new Error("index.html has no element with the id root");
createRoot(place).render(
  <StrictMode>
    <ServicesContext value={connect(window.location.origin)}>
      <QueryClientProvider client={cache}>
        <RouterProvider router={makeRouter()} />
      </QueryClientProvider>
    </ServicesContext>
  </StrictMode>,
);
