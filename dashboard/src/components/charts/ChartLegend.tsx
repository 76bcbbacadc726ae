import { useNow } from "@/state/clock";
import { moment } from "@/format/times";
import { Value } from "../Value";
import type { Line } from "./lines";

interface ChartLegendProps {
  testId: string;
  lines: readonly Line[];
  t: readonly number[];
  hovered: number | null;
  gaps: number;
}

/** Names the curves with their values: those pointed at, else the current ones. */
export function ChartLegend({ testId, lines, t, hovered, gaps }: ChartLegendProps) {
  const at = hovered === null ? undefined : t[hovered];
  return (
    <div className="legend">
      <ul>
        {lines.map((line) => (
          <li key={line.key}>
            <Swatch line={line} />
            <span className="legend-name">{line.label}</span>
            <LegendValue line={line} testId={testId} hovered={at === undefined ? null : hovered} />
          </li>
        ))}
        {gaps > 0 && (
          <li className="legend-gap" data-testid={`${testId}-gaps`} data-value={gaps}>
            <span className="swatch-hatch" aria-hidden="true" /> no samples
          </li>
        )}
      </ul>
      <span className="legend-time">{at === undefined ? "latest" : <Pointed at={at} />}</span>
    </div>
  );
}

interface LegendValueProps {
  line: Line;
  testId: string;
  hovered: number | null;
}

function LegendValue({ line, testId, hovered }: LegendValueProps) {
  const pointed = hovered === null ? line.current : hoveredMetric(line, hovered);
  return <Value {...pointed} testId={`${testId}-${line.key}`} />;
}

function hoveredMetric(line: Line, step: number) {
  return { ...line.current, value: line.values[step] ?? null, reason: "no sample in this step" };
}

function Pointed({ at }: { at: number }) {
  return <>{moment(at, useNow())}</>;
}

function Swatch({ line }: { line: Line }) {
  return (
    <svg className="swatch" viewBox="0 0 20 8" aria-hidden="true" style={{ color: `var(${line.color})` }}>
      <line x1="0" y1="4" x2="20" y2="4" strokeDasharray={line.dash?.map((part) => part / 1.5).join(" ")} />
    </svg>
  );
}
