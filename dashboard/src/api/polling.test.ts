import { expect, test } from "vitest";
import { ApiError } from "./client";
import { MAX_BACKOFF_MS, POLL_MS, PUSHED_POLL_MS, pollDelay } from "./polling";

const started = 1_000_000;
const fine = { status: "success", dataUpdatedAt: started, errorUpdatedAt: 0, error: null };

function failing(forMs: number, error: unknown = new Error("refused")) {
  return { ...fine, status: "error", errorUpdatedAt: started + forMs, error };
}

test("polls at its pace while all is well", () => {
  expect(pollDelay(fine, started)).toBe(POLL_MS);
});

test("asks seldom while the server tells of changes, and as often as ever after a failure", () => {
  expect(pollDelay(fine, started, true)).toBe(PUSHED_POLL_MS);
  expect(pollDelay(failing(500), started, true)).toBe(POLL_MS);
});

test("waits as long as it has been failing, within bounds", () => {
  const delays = [500, 8_000, 600_000].map((ms) => pollDelay(failing(ms), started));

  expect(delays).toEqual([POLL_MS, 8_000, MAX_BACKOFF_MS]);
});

test("a page that never had an answer counts from its start", () => {
  const state = { ...failing(6_000), dataUpdatedAt: 0 };

  expect(pollDelay(state, started)).toBe(6_000);
});

test("obeys a longer Retry-After", () => {
  const busy = new ApiError({ title: "Too many requests", status: 429, code: "rate" }, 45_000);

  expect(pollDelay(failing(1_000, busy), started)).toBe(45_000);
});
