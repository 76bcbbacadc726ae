import { expect, test } from "vitest";
import type { HealthStatus, OrchestratorSummary } from "@/api/types";
import { defaultOrchestrator } from "./defaultOrchestrator";

function summary(id: string, status: HealthStatus, simulated = false): OrchestratorSummary {
  return {
    id,
    status,
    simulated,
    orchestratorType: "temporal",
    instanceId: id,
    clusterName: "default",
    firstSeen: "2024-01-01T00:00:00Z",
    lastSeen: "2024-01-01T00:00:00Z",
    observedAt: null,
    state: "ok",
    healthScore: null,
    capacityUtilization: null,
    backlogSize: null,
    activeWorkers: null,
    runningWorkflows: null,
  };
}

test("the worst comes first, the first of equals, the real before the simulated", () => {
  const items = [
    summary("simulated", "critical", true),
    summary("fine", "healthy"),
    summary("bad", "unhealthy"),
    summary("as-bad", "unhealthy"),
  ];

  expect(defaultOrchestrator(items)).toBe("bad");
});

test("without any there is none", () => {
  expect(defaultOrchestrator([])).toBeNull();
});
