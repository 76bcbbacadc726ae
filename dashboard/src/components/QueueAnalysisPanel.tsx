import { useState } from "react";
import { trustOfList } from "@/api/provenance";
import type { Result } from "@/api/queries";
import type { Page, Queue } from "@/api/types";
import { count } from "@/format/numbers";
import { QueueHistory } from "./QueueHistory";
import { QueueRow } from "./QueueRow";
import { Panel } from "./panel/Panel";
import { EmptyState } from "./panel/states";

const FIRST = 25;

interface QueueAnalysisPanelProps {
  queues: Result<Page<Queue>>;
  /** The queue whose history is open. */
  selected: string | null;
  timeRange: string;
}

/** What waits, longest queue first, and why: nobody takes from it, or more comes than goes. */
export function QueueAnalysisPanel({ queues, selected, timeRange }: QueueAnalysisPanelProps) {
  return (
    <Panel
      title="Queues"
      testId="queue-panel"
      className="panel-queues"
      result={queues}
      trustOf={(page) => trustOfList(page.items)}
      skeletonLines={6}
    >
      {(page) =>
        page.items.length === 0 ? (
          <EmptyState title="No queues known" command="woa agent once --print -c FILE">
            This orchestrator reported none. See what the agent can read:
          </EmptyState>
        ) : (
          <QueueTable page={page} selected={selected} timeRange={timeRange} />
        )
      }
    </Panel>
  );
}

interface QueueTableProps {
  page: Page<Queue>;
  selected: string | null;
  timeRange: string;
}

function QueueTable({ page, selected, timeRange }: QueueTableProps) {
  const [all, setAll] = useState(false);
  const sorted = [...page.items].sort((one, other) => (other.size ?? -1) - (one.size ?? -1));
  const longest = Math.max(1, sorted[0]?.size ?? 0);
  const shown = all ? sorted : sorted.slice(0, FIRST);
  const open = sorted.find((queue) => queue.id !== null && queue.id === selected);
  return (
    <>
      <div className="table-scroll" role="region" aria-label="Queues" tabIndex={0}>
        <table className="queues">
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col" className="number">Waiting</th>
              <td className="bar-cell" />
              <th scope="col" className="number">Consumers</th>
              <th scope="col">Finding</th>
              <th scope="col" className="number">Arriving</th>
              <th scope="col" className="number">Processed</th>
              <th scope="col" className="number">Errors</th>
              <th scope="col" className="number">Oldest</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((queue) => (
              <QueueRow
                key={queue.id ?? queue.name}
                queue={queue}
                longest={longest}
                open={queue === open}
                told={trustOfList(sorted)?.state}
              />
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > FIRST && (
        <p className="more">
          {count(shown.length)} of {count(sorted.length)} queues shown.{" "}
          <button type="button" className="quiet" onClick={() => setAll(!all)}>
            {all ? "Show fewer" : "Show all"}
          </button>
        </p>
      )}
      {page.nextCursor !== null && <p className="more">There are more queues than this page reads.</p>}
      {open?.id != null && <QueueHistory queue={open} queueId={open.id} timeRange={timeRange} />}
    </>
  );
}
