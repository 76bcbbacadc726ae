import { useEffect, useMemo, useRef, useState } from "react";
import type uPlot from "uplot";
import type { SeriesRange } from "@/api/types";
import { useScheme } from "@/state/theme";
import { ChartLegend } from "./ChartLegend";
import { SeriesTable } from "./SeriesTable";
import { type Line, boundsMs, gapsOf } from "./lines";
import { type PlotInput, makePlot, plotData } from "./plot";

interface TimeSeriesChartProps {
  /** What the chart shows, for who cannot see it. */
  label: string;
  testId: string;
  t: readonly number[];
  lines: readonly Line[];
  range: SeriesRange;
  format: (value: number) => string;
  asTable: boolean;
}

/** Curves over time, or the same numbers as a table. A step without a sample stays a gap. */
export function TimeSeriesChart(props: TimeSeriesChartProps) {
  const { label, testId, t, lines, range, format, asTable } = props;
  const [hovered, setHovered] = useState<number | null>(null);
  const gaps = useMemo(() => gapsOf(lines, t.length), [lines, t]);
  return (
    <div className="chart" data-testid={testId}>
      <ChartLegend testId={testId} lines={lines} t={t} hovered={hovered} gaps={gaps.length} />
      {asTable ? (
        <SeriesTable label={label} t={t} lines={lines} format={format} />
      ) : (
        <Plot label={label} t={t} lines={lines} range={range} format={format} onHover={setHovered} />
      )}
    </div>
  );
}

interface PlotProps extends Pick<TimeSeriesChartProps, "label" | "t" | "lines" | "range" | "format"> {
  onHover: (step: number | null) => void;
}

function Plot({ label, t, lines, range, format, onHover }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useScheme();
  const input: PlotInput = { lines, t, bounds: boundsMs(range, t), format };
  const latest = useRef(input);

  useEffect(() => {
    latest.current = input;
    plot.current?.setData(plotData(input));
  });

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const made = makePlot(element, () => latest.current, onHover);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [scheme, onHover]);

  return <div className="plot" ref={host} role="img" aria-label={`${label}. The table has the same numbers.`} />;
}
