import type { ScorePart } from "@/api/types";
import { percent } from "@/format/numbers";
import { Value } from "./Value";

const SHORT: Record<string, string> = {
  component_health: "components",
  capacity_utilization: "capacity",
  scheduling_performance: "scheduling",
  queue_efficiency: "queues",
  error_rate: "failures",
};

/** The parts of the score at a glance: which of them pulls it down. */
export function PartBars({ parts }: { parts: readonly ScorePart[] }) {
  return (
    <dl className="part-bars">
      {parts.map((part) => (
        <div key={part.name}>
          <dt>{SHORT[part.name] ?? part.name}</dt>
          <dd className="part-meter" aria-hidden="true">
            {part.score !== null && <div style={{ width: `${part.score * 100}%` }} />}
          </dd>
          <dd className="number">
            <Value
              value={part.score}
              format={percent}
              reason={part.reason}
              testId={`gauge-part-${part.name}`}
            />
          </dd>
        </div>
      ))}
    </dl>
  );
}
