import type { Queue, SectionState } from "@/api/types";
import { age, count, percent, rate } from "@/format/numbers";
import { toMs } from "@/format/times";
import { useNow } from "@/state/clock";
import { changeView } from "@/state/url";
import { StatusGlyph } from "./StatusGlyph";
import { Value } from "./Value";
import { TrustBadge } from "./panel/TrustBadge";

interface QueueRowProps {
  queue: Queue;
  longest: number;
  /** Whether its history is shown. */
  open: boolean;
  /** What the panel already says of all its rows. */
  told: SectionState | undefined;
}

export function QueueRow({ queue, longest, open, told }: QueueRowProps) {
  const id = `queue-${queue.name}`;
  return (
    <tr
      data-testid={`queue-row-${queue.name}`}
      data-state={queue.state}
      data-size={queue.size ?? "null"}
      data-consumers={queue.consumers ?? "null"}
    >
      <th scope="row">
        <QueueName queue={queue} open={open} />
        {queue.type !== "fifo" && <span className="muted"> {queue.type}</span>}{" "}
        <TrustBadge trust={queue} told={told} />
      </th>
      <td className="number strong">
        <Value value={queue.size} format={count} testId={`${id}-size`} />
      </td>
      <td className="bar-cell" aria-hidden="true">
        <div className="bar" style={{ width: `${((queue.size ?? 0) / longest) * 100}%` }} />
      </td>
      <td className="number">
        <Value value={queue.consumers} format={count} testId={`${id}-consumers`} />
      </td>
      <td>
        <Diagnosis queue={queue} />
      </td>
      <td className="number">
        <Value value={queue.arrivalRate} format={rate} testId={`${id}-arrival-rate`} />
      </td>
      <td className="number">
        <Value value={queue.processingRate} format={rate} testId={`${id}-processing-rate`} />
      </td>
      <td className="number">
        <Value value={queue.errorRate} format={percent} testId={`${id}-error-rate`} />
      </td>
      <td className="number">
        <Oldest queue={queue} testId={`${id}-oldest`} />
      </td>
    </tr>
  );
}

function QueueName({ queue, open }: { queue: Queue; open: boolean }) {
  if (queue.id === null) return <>{queue.name}</>;
  return (
    <button
      type="button"
      className="link"
      aria-expanded={open}
      title="Show its history"
      onClick={() => changeView({ queue: open ? null : queue.id })}
    >
      {queue.name}
    </button>
  );
}

function Oldest({ queue, testId }: { queue: Queue; testId: string }) {
  const now = useNow();
  const since = toMs(queue.oldestMessage);
  const waitedS = since === null ? null : Math.max(0, Math.round((now - since) / 1000));
  // An empty queue has no oldest item: that is known, and not a lack.
  const reason = queue.size === 0 ? "nothing waits" : null;
  return <Value value={waitedS} format={age} testId={testId} reason={reason} />;
}

/** What the row's own numbers say; nothing where they are not known. */
function Diagnosis({ queue }: { queue: Queue }) {
  const { size, consumers, arrivalRate, processingRate } = queue;
  if (size !== null && size > 0 && consumers === 0) {
    return <Word status="critical" text="no consumers" />;
  }
  if (size !== null && size > 0 && arrivalRate !== null && processingRate !== null) {
    if (arrivalRate > processingRate) return <Word status="degraded" text="growing" />;
    if (arrivalRate < processingRate) return <Word status="healthy" text="draining" />;
  }
  return null;
}

function Word({ status, text }: { status: "critical" | "degraded" | "healthy"; text: string }) {
  return (
    <span className={`status-label status-${status}`}>
      <StatusGlyph status={status} />
      <span data-testid="queue-diagnosis">{text}</span>
    </span>
  );
}
