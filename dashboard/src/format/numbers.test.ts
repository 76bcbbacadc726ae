import { describe, expect, test } from "vitest";
import { age, count, duration, percent, points, rate, seconds } from "./numbers";

describe("units follow the magnitude", () => {
  test.each([
    [0, "0 ms"],
    [0.42, "420 µs"],
    [4.2, "4.2 ms"],
    [148.25, "148 ms"],
    [999.4, "999 ms"],
    [999.9, "1 s"],
    [59_990, "1 min"],
    [1840, "1.84 s"],
    [125_000, "2 min 5 s"],
    [7_200_000, "2 h"],
  ])("duration of %d ms", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test.each([
    [0, "0/s"],
    [58.44, "58.4/s"],
    [0.0125, "0.75/min"],
    [0.0002, "0.72/h"],
  ])("rate of %d per second", (perSecond, text) => {
    expect(rate(perSecond)).toBe(text);
  });

  test.each([
    [788_645, "9 d 3 h"],
    [59.4, "59 s"],
    [3600, "1 h"],
  ])("%d seconds", (value, text) => {
    expect(seconds(value)).toBe(text);
  });
});

test("a large count is shortened, a small one is not", () => {
  expect([count(14_356), count(1_234_567)]).toEqual(["14,356", "1.23M"]);
});

test("ratios are shown as percent, gains as points", () => {
  expect([percent(0.915), points(0.0731)]).toEqual(["91.5%", "7.31 points"]);
});

test("an age from the future is no age", () => {
  expect(age(-3)).toBe("0 s");
});
