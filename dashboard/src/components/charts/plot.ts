import uPlot from "uplot";
import { LOCALE } from "@/format/locale";
import { type Line, gapsOf, isolated } from "./lines";

/** What a plot needs besides its data; read at each draw, so that new data need no new plot. */
export interface PlotInput {
  lines: readonly Line[];
  t: readonly number[];
  bounds: [number, number];
  format: (value: number) => string;
}

const SYNC_KEY = "dashboard";
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HATCH_PX = 6;

/** Draw `input` into `host`. Colours are read once: a change of theme makes a new plot. */
export function makePlot(
  host: HTMLElement,
  input: () => PlotInput,
  onHover: (step: number | null) => void,
): uPlot {
  const color = colorReader(host);
  const hatch = hatchOf(color("--chart-hatch"));
  const options: uPlot.Options = {
    width: host.clientWidth,
    height: host.clientHeight,
    ms: 1,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, sync: { key: SYNC_KEY }, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: () => input().bounds },
      y: { range: (_plot, _min, max) => [0, top(max)] },
    },
    axes: axes(color, getComputedStyle(host).fontFamily, input),
    series: [{}, ...input().lines.map((line) => series(line, color))],
    hooks: {
      drawClear: [(plot) => shadeGaps(plot, input(), hatch)],
      setCursor: [(plot) => onHover(plot.cursor.idx ?? null)],
    },
  };
  return new uPlot(options, plotData(input()), host);
}

export function plotData({ t, lines }: PlotInput): uPlot.AlignedData {
  return [[...t], ...lines.map((line) => [...line.values])];
}

function series(line: Line, color: (name: string) => string): uPlot.Series {
  const stroke = color(line.color);
  return {
    label: line.label,
    stroke,
    width: 1.5,
    spanGaps: false,
    ...(line.dash === undefined ? {} : { dash: [...line.dash] }),
    ...(line.filled ? { fill: withAlpha(stroke, 0.14) } : {}),
    points: {
      show: true,
      size: 4,
      fill: stroke,
      filter: (plot, index) => isolated(plot.data[index] ?? []),
    },
  };
}

function axes(
  color: (name: string) => string,
  family: string,
  input: () => PlotInput,
): uPlot.Axis[] {
  const shared: uPlot.Axis = {
    stroke: color("--text-muted"),
    font: `11px ${family}`,
    grid: { stroke: color("--chart-grid"), width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...shared,
      size: 28,
      values: (_plot, splits, _axis, _space, increment) => times(splits, increment),
    },
    {
      ...shared,
      size: 62,
      values: (_plot, splits) => splits.map((split) => input().format(split)),
    },
  ];
}

function times(splits: readonly number[], incrementMs: number): string[] {
  const parts: Intl.DateTimeFormatOptions =
    incrementMs >= DAY_MS
      ? { month: "short", day: "numeric" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (incrementMs < MINUTE_MS) parts.second = "2-digit";
  const formatter = new Intl.DateTimeFormat(LOCALE, parts);
  return splits.map((split) => formatter.format(split));
}

/** Room above the highest value; an empty or all-zero chart still gets an axis. */
function top(max: number | null): number {
  return max === null || !Number.isFinite(max) || max <= 0 ? 1 : max * 1.08;
}

/** Hatches where there is no sample: an absence must not look like a low value. */
function shadeGaps(plot: uPlot, { lines, t }: PlotInput, hatch: CanvasPattern | string): void {
  const { left, top: y, width, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.fillStyle = hatch;
  for (const [first, last] of gapsOf(lines, t.length)) {
    const from = first === 0 ? left : plot.valToPos(t[first - 1] ?? 0, "x", true);
    const to = last === t.length - 1 ? left + width : plot.valToPos(t[last + 1] ?? 0, "x", true);
    plot.ctx.fillRect(from, y, to - from, height);
  }
  plot.ctx.restore();
}

function hatchOf(color: string): CanvasPattern | string {
  const tile = document.createElement("canvas");
  const size = HATCH_PX * window.devicePixelRatio;
  tile.width = size;
  tile.height = size;
  const context = tile.getContext("2d");
  if (context === null) return color;
  context.strokeStyle = color;
  context.lineWidth = window.devicePixelRatio;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
  }
  context.stroke();
  return context.createPattern(tile, "repeat") ?? color;
}

/** Resolves a custom property to a plain colour, `light-dark()` included. */
function colorReader(host: HTMLElement): (name: string) => string {
  const probe = document.createElement("span");
  host.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  queueMicrotask(() => probe.remove());
  return read;
}

function withAlpha(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${alpha * 100}%, transparent)`;
}
