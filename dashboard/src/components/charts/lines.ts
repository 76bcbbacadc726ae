import type { Known } from "@/api/types";
import { toMs } from "@/format/times";
import type { SeriesRange } from "@/api/types";
import type { Metric } from "../Value";

/** One curve of a chart; `current` is what its legend says while nothing is pointed at. */
export interface Line {
  key: string;
  label: string;
  values: readonly Known[];
  current: Metric;
  /** A custom property of the style sheet, e.g. `--series-1`. */
  color: string;
  dash?: readonly number[];
  filled?: boolean;
}

/** Indices `[first, last]` of a run of steps in which no line has a value. */
export type Gap = readonly [number, number];

/** The runs without any sample. One step at the very end is not one: it may still be filling. */
export function gapsOf(lines: readonly Line[], steps: number): Gap[] {
  const gaps: Gap[] = [];
  let start: number | null = null;
  for (let step = 0; step <= steps; step += 1) {
    const empty = step < steps && lines.every((line) => (line.values[step] ?? null) === null);
    if (empty) start ??= step;
    else if (start !== null) {
      if (!(step === steps && step - start === 1)) gaps.push([start, step - 1]);
      start = null;
    }
  }
  return gaps;
}

/** Values with nobody beside them: a line cannot show them, so they get a dot. */
export function isolated(values: ArrayLike<Known | undefined>): number[] {
  const alone: number[] = [];
  for (let step = 0; step < values.length; step += 1) {
    if (!known(values[step])) continue;
    if (!known(values[step - 1]) && !known(values[step + 1])) alone.push(step);
  }
  return alone;
}

function known(value: Known | undefined): boolean {
  return value !== null && value !== undefined;
}

export function hasValues(lines: readonly Line[]): boolean {
  return lines.some((line) => line.values.some(known));
}

/** The bounds of the time axis: what was asked for, not what was found. */
export function boundsMs(range: SeriesRange, t: readonly number[]): [number, number] {
  const from = toMs(range.from) ?? t[0] ?? 0;
  const to = toMs(range.to) ?? t.at(-1) ?? from;
  return [from, Math.max(to, from + 1000)];
}
