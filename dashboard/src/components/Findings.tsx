import type { ReactNode } from "react";
import type { Bottleneck, Recommendation } from "@/api/types";
import { points, seconds } from "@/format/numbers";
import { Value } from "./Value";

/** Where work waits, the longest wait of all its items first. */
export function Bottlenecks({ found }: { found: readonly Bottleneck[] }) {
  return (
    <Findings title="Bottlenecks" testId="bottlenecks" count={found.length} none="None in what is known.">
      {found.map((item) => (
        <li key={`${item.kind} ${item.name}`}>
          <strong>{item.name}</strong> <span className="tag">{item.kind}</span>
          <p>{item.evidence}</p>
          <p className="muted">
            Wait of all items together:{" "}
            <Value
              value={item.wait_item_s}
              format={seconds}
              reason={item.basis}
              testId={`bottleneck-${item.name}-wait`}
            />{" "}
            ({item.basis})
          </p>
        </li>
      ))}
    </Findings>
  );
}

/** What to do about it, what restores service first. */
export function Recommendations({ found }: { found: readonly Recommendation[] }) {
  return (
    <Findings title="Recommendations" testId="recommendations" count={found.length} none="None.">
      {found.map((item) => (
        <li key={`${item.action} ${item.evidence}`}>
          <strong>{item.action}</strong>
          {item.score_gain !== null && <span className="tag">+{points(item.score_gain)}</span>}
          <p>{item.evidence}</p>
          <p className="muted">
            Effect: {item.effect} Risk: {item.risk}
          </p>
        </li>
      ))}
    </Findings>
  );
}

interface FindingsProps {
  title: string;
  testId: string;
  count: number;
  none: string;
  children: ReactNode;
}

function Findings({ title, testId, count, none, children }: FindingsProps) {
  return (
    <section data-testid={testId} data-value={count}>
      <h3>{title}</h3>
      {count === 0 ? <p className="muted">{none}</p> : <ol className="findings">{children}</ol>}
    </section>
  );
}
