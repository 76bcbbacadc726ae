import type { OrchestratorSummary } from "@/api/types";

const URGENCY = ["critical", "unhealthy", "degraded", "healthy"];

/** Who opens the page without a choice sees what is worst; the real before the simulated. */
export function defaultOrchestrator(items: readonly OrchestratorSummary[]): string | null {
  const rank = (item: OrchestratorSummary): number =>
    (item.simulated ? URGENCY.length + 1 : 0) + URGENCY.indexOf(item.status ?? "unhealthy");
  const worst = items.reduce<OrchestratorSummary | null>(
    (best, item) => (best === null || rank(item) < rank(best) ? item : best),
    null,
  );
  return worst?.id ?? null;
}
