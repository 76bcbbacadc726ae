import type { Known } from "@/api/types";

const START_DEG = 210;
const SWEEP_DEG = 240;
const RADIUS = 84;
const CENTER = 100;
const BANDS = [0.5, 0.7, 0.9];

interface GaugeChartProps {
  /** 0..1; null draws the empty track. */
  score: Known;
  status: string;
}

/** The arc of a score with the bounds of its bands. The number itself is the caller's to write. */
export function GaugeChart({ score, status }: GaugeChartProps) {
  return (
    <svg className="gauge" viewBox="0 0 200 158" aria-hidden="true">
      <path className="gauge-track" d={arc()} pathLength={1} />
      {score !== null && score > 0 && (
        <path
          className={`gauge-fill status-${status}`}
          d={arc()}
          pathLength={1}
          strokeDasharray={`${Math.min(score, 1)} 2`}
        />
      )}
      {BANDS.map((band) => (
        <Tick key={band} at={band} />
      ))}
    </svg>
  );
}

function Tick({ at }: { at: number }) {
  const [x1, y1] = point(at, RADIUS - 9);
  const [x2, y2] = point(at, RADIUS + 9);
  const [x, y] = point(at, RADIUS - 20);
  return (
    <>
      <line className="gauge-tick" x1={x1} y1={y1} x2={x2} y2={y2} />
      <text className="gauge-tick-label" x={x} y={y + 3}>
        {at * 100}
      </text>
    </>
  );
}

function arc(): string {
  const [x1, y1] = point(0, RADIUS);
  const [x2, y2] = point(1, RADIUS);
  return `M${x1} ${y1}A${RADIUS} ${RADIUS} 0 1 1 ${x2} ${y2}`;
}

function point(share: number, radius: number): [number, number] {
  const angle = ((START_DEG - share * SWEEP_DEG) * Math.PI) / 180;
  return [round(CENTER + radius * Math.cos(angle)), round(CENTER - radius * Math.sin(angle))];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
