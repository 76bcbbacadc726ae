import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/panel.css";
import "./styles/health.css";
import "./styles/charts.css";
import "./styles/tables.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { OrchestratorDashboard } from "./pages/OrchestratorDashboard";

const client = new QueryClient({
  defaultOptions: {
    // Polling is the retry; its back-off is in api/polling.ts. A browser that believes itself
    // offline may still reach an API on its own machine.
    queries: { retry: false, networkMode: "always", staleTime: 1_000 },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <OrchestratorDashboard />
    </QueryClientProvider>
  </StrictMode>,
);
