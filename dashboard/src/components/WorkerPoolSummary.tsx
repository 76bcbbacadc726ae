import { trustOfList } from "@/api/provenance";
import type { Result } from "@/api/queries";
import type { Known, Page, SectionState, WorkerPool } from "@/api/types";
import { count } from "@/format/numbers";
import { Value } from "./Value";
import { Panel } from "./panel/Panel";
import { TrustBadge } from "./panel/TrustBadge";
import { EmptyState } from "./panel/states";

const STATUSES = ["failed", "busy", "active", "idle", "terminating"] as const;
type WorkerStatus = (typeof STATUSES)[number];

/** The workers of each pool by status; every worker has exactly one. */
export function WorkerPoolSummary({ pools }: { pools: Result<Page<WorkerPool>> }) {
  return (
    <Panel
      title="Worker pools"
      testId="worker-pools"
      className="panel-pools"
      result={pools}
      trustOf={(page) => trustOfList(page.items)}
      skeletonLines={6}
    >
      {(page) =>
        page.items.length === 0 ? (
          <EmptyState title="No worker pools known" command="woa agent once --print -c FILE">
            This orchestrator reported none. See what the agent can read:
          </EmptyState>
        ) : (
          <PoolTable pools={page.items} />
        )
      }
    </Panel>
  );
}

function PoolTable({ pools }: { pools: readonly WorkerPool[] }) {
  return (
    <div className="table-scroll" role="region" aria-label="Worker pools" tabIndex={0}>
      <table className="pools">
        <thead>
          <tr>
            <th scope="col">Pool</th>
            <th scope="col" className="number">Total</th>
            {STATUSES.map((status) => (
              <th key={status} scope="col" className="number">
                <span className={`key worker-${status}`} aria-hidden="true" />
                {status}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {pools.map((pool) => (
            <PoolRow key={pool.poolId} pool={pool} told={trustOfList(pools)?.state} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PoolRow({ pool, told }: { pool: WorkerPool; told: SectionState | undefined }) {
  const id = `pool-${pool.poolName}`;
  const counts = countsOf(pool);
  const data = Object.fromEntries(
    STATUSES.map((status) => [`data-${status}`, counts[status] ?? "null"]),
  );
  return (
    <tr
      data-testid={`pool-row-${pool.poolName}`}
      data-state={pool.state}
      data-total={pool.totalWorkers ?? "null"}
      {...data}
    >
      <th scope="row">
        {pool.poolName}
        <span className="muted"> {pool.workerType}</span> <TrustBadge trust={pool} told={told} />
        <PoolBar counts={counts} />
      </th>
      <td className="number strong">
        <Value value={pool.totalWorkers} format={count} testId={`${id}-total`} />
      </td>
      {STATUSES.map((status) => (
        <td key={status} className={`number ${emphasis(status, counts[status])}`}>
          <Value value={counts[status]} format={count} testId={`${id}-${status}`} />
        </td>
      ))}
    </tr>
  );
}

function emphasis(status: WorkerStatus, workers: Known): string {
  if (workers === 0) return "zero";
  return status === "failed" && workers !== null ? "strong status-critical" : "";
}

function PoolBar({ counts }: { counts: Record<WorkerStatus, Known> }) {
  return (
    <div className="pool-bar" aria-hidden="true">
      {STATUSES.map((status) => (
        <span key={status} className={`worker-${status}`} style={{ flexGrow: counts[status] ?? 0 }} />
      ))}
    </div>
  );
}

function countsOf(pool: WorkerPool): Record<WorkerStatus, Known> {
  return {
    busy: pool.busyWorkers,
    active: pool.activeWorkers,
    idle: pool.idleWorkers,
    failed: pool.failedWorkers,
    terminating: pool.terminatingWorkers,
  };
}
