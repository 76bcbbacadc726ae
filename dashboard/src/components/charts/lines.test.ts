import { expect, test } from "vitest";
import type { Known } from "@/api/types";
import { type Line, boundsMs, gapsOf, hasValues, isolated } from "./lines";

function line(...values: Known[]): Line {
  const current = { value: null, format: String };
  return { key: "a", label: "a", values, current, color: "--series-1" };
}

test("a gap is where no line has a value", () => {
  const lines = [line(1, null, null, 4, null, 6), line(1, 2, null, 4, null, 6)];

  expect(gapsOf(lines, 6)).toEqual([[2, 2], [4, 4]]);
});

test("the last step may still be filling", () => {
  expect([gapsOf([line(1, 2, null)], 3), gapsOf([line(1, null, null)], 3)]).toEqual([[], [[1, 2]]]);
});

test("zero is a value", () => {
  expect([gapsOf([line(0, 0)], 2), hasValues([line(0)]), hasValues([line(null)])]).toEqual([
    [],
    true,
    false,
  ]);
});

test("a value with nobody beside it gets a dot", () => {
  expect(isolated([1, null, 0, null, 3, 4])).toEqual([0, 2]);
});

test("the time axis shows what was asked for", () => {
  const range = { from: "2024-01-01T00:00:00Z", to: "2024-01-01T01:00:00Z", stepS: 15 };

  expect(boundsMs(range, [])).toEqual([1_704_067_200_000, 1_704_070_800_000]);
});
