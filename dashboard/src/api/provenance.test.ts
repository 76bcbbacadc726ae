import { expect, test } from "vitest";
import { reasonFor, trustOfList } from "./provenance";
import type { SectionState, Trust } from "./types";

const provenance = {
  unavailable: { "/capacity": "the call failed", "/capacity/totalSlots": "no limit is set" },
  estimated: [],
};

test.each([
  ["/capacity/totalSlots", "no limit is set"],
  ["/capacity/usedSlots", "the call failed"],
  ["/queuing/backlogSize", null],
])("the reason for %s", (pointer, reason) => {
  expect(reasonFor(provenance, pointer)).toBe(reason);
});

test("a list is as good as its best row", () => {
  const rows = (["error", "stale", "error"] as SectionState[]).map(
    (state): Trust => ({ state, observedAt: null }),
  );

  expect([trustOfList(rows)?.state, trustOfList([])]).toEqual(["stale", null]);
});
