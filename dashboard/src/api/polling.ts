import { ApiError } from "./client";

export const POLL_MS = 2_000;
/** While the server tells of changes: what it cannot tell is that none come any more. */
export const PUSHED_POLL_MS = 15_000;
export const MAX_BACKOFF_MS = 30_000;

/** What the delay depends on; the state of a TanStack query has it. */
export interface PollState {
  status: string;
  dataUpdatedAt: number;
  errorUpdatedAt: number;
  error: unknown;
}

/**
 * Milliseconds until the next poll. While calls fail, the wait is as long as they have been
 * failing: it doubles with each attempt, up to half a minute. A `Retry-After` is obeyed.
 */
export function pollDelay(state: PollState, startedAt: number, pushed = false): number {
  if (state.status !== "error") return pushed ? PUSHED_POLL_MS : POLL_MS;
  const failingMs = state.errorUpdatedAt - (state.dataUpdatedAt || startedAt);
  const backoff = Math.min(Math.max(failingMs, POLL_MS), MAX_BACKOFF_MS);
  const asked = state.error instanceof ApiError ? (state.error.retryAfterMs ?? 0) : 0;
  return Math.max(backoff, asked);
}
