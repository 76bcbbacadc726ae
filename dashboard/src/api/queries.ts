import {
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
} from "@tanstack/react-query";
import { useCallback } from "react";
import { usePaused } from "@/state/live";
import { usePushed } from "@/state/updates";
import type { ApiError, Query } from "./client";
import { get, getAll } from "./client";
import { pollDelay } from "./polling";
import type {
  CapacityResponse,
  HealthResponse,
  OrchestratorSummary,
  Page,
  Queue,
  QueueMetricsResponse,
  SchedulingResponse,
  WorkerPool,
} from "./types";

export type Result<Body> = UseQueryResult<Body, ApiError>;

/** Enough for a chart of half a screen. */
const MAX_POINTS = 240;
const startedAt = Date.now();

/** `null` stands for an orchestrator not chosen yet: nothing is asked, the panels show skeletons. */
export type OrchestratorId = string | null;

export function useOrchestrators(): Result<Page<OrchestratorSummary>> {
  return usePolled(["orchestrators"], LIST);
}

/** The list's row of one orchestrator; shares the list's query. */
export function useSummary(id: OrchestratorId): Result<OrchestratorSummary | null> {
  const select = useCallback(
    (page: Page<OrchestratorSummary>) => page.items.find((item) => item.id === id) ?? null,
    [id],
  );
  return usePolled(["orchestrators"], LIST, select);
}

export function useHealth(id: OrchestratorId): Result<HealthResponse> {
  return usePolled([id, "health"], (signal) => get(`${path(id)}/health`, {}, signal));
}

export function useCapacity(id: OrchestratorId, range: string): Result<CapacityResponse> {
  return usePolled([id, "capacity", "", range], (signal) =>
    get(`${path(id)}/capacity`, series(range), signal),
  );
}

export function useScheduling(id: OrchestratorId, range: string): Result<SchedulingResponse> {
  return usePolled([id, "scheduling", "", range], (signal) =>
    get(`${path(id)}/scheduling`, series(range), signal),
  );
}

export function useQueues(id: OrchestratorId): Result<Page<Queue>> {
  return usePolled([id, "queues"], (signal) => getAll("/queues", owner(id), signal));
}

export function useQueueMetrics(
  id: OrchestratorId,
  queueId: string,
  range: string,
): Result<QueueMetricsResponse> {
  return usePolled([id, "queue", queueId, range], (signal) =>
    get(`/queues/${encodeURIComponent(queueId)}/metrics`, series(range), signal),
  );
}

export function useWorkerPools(id: OrchestratorId): Result<Page<WorkerPool>> {
  return usePolled([id, "worker-pools"], (signal) => getAll("/worker-pools", owner(id), signal));
}

type Load<Body> = (signal: AbortSignal) => Promise<Body>;

const LIST: Load<Page<OrchestratorSummary>> = (signal) => getAll("/orchestrators", {}, signal);

/** Keys are `[orchestrator, resource, part, range]`, as far as they apply. */
function usePolled<Body, Selected = Body>(
  key: QueryKey,
  load: Load<Body>,
  select?: (body: Body) => Selected,
): Result<Selected> {
  const paused = usePaused();
  const pushed = usePushed();
  return useQuery<Body, ApiError, Selected>({
    queryKey: key,
    queryFn: ({ signal }) => load(signal),
    enabled: key[0] !== null,
    refetchInterval: (query) => (paused ? false : pollDelay(query.state, startedAt, pushed)),
    // Another range may show the old curve until its own is here; another subject never.
    placeholderData: (previous, query) =>
      query !== undefined && sameSubject(query.queryKey, key) ? previous : undefined,
    ...(select === undefined ? {} : { select }),
  } as UseQueryOptions<Body, ApiError, Selected>);
}

function sameSubject(one: QueryKey, other: QueryKey): boolean {
  return [0, 1, 2].every((part) => one[part] === other[part]);
}

function path(id: OrchestratorId): string {
  return `/orchestrators/${encodeURIComponent(id ?? "")}`;
}

function owner(id: OrchestratorId): Query {
  return { orchestrator_id: id ?? "" };
}

function series(range: string): Query {
  return { time_range: range, max_points: MAX_POINTS };
}
