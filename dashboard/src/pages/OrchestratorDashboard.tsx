import { useEffect } from "react";
import type { ApiError } from "@/api/client";
import { type Result, useOrchestrators } from "@/api/queries";
import type { OrchestratorSummary, Page } from "@/api/types";
import { LiveControl } from "@/components/LiveControl";
import { OrchestratorSelector } from "@/components/OrchestratorSelector";
import { ThemeToggle } from "@/components/ThemeToggle";
import { TimeRangeSelector } from "@/components/TimeRangeSelector";
import { Moment } from "@/components/panel/Age";
import { type PageNews, PageNewsContext } from "@/components/panel/pageNews";
import { EmptyState, Failure, SignIn } from "@/components/panel/states";
import { usePaused } from "@/state/live";
import { useUpdates } from "@/state/updates";
import { changeView, useView } from "@/state/url";
import { OrchestratorView } from "./OrchestratorView";
import { defaultOrchestrator } from "./defaultOrchestrator";

/** The page: choose an orchestrator and a time range, see how it is. */
export function OrchestratorDashboard() {
  const { orchestrator, range } = useView();
  const list = useOrchestrators();
  useUpdates(orchestrator);
  const items = list.data?.items ?? [];
  const fallback = orchestrator === null ? defaultOrchestrator(items) : null;
  useEffect(() => {
    if (fallback !== null) changeView({ orchestrator: fallback }, "replace");
  }, [fallback]);
  return (
    <div className="orchestrator-dashboard">
      <header className="dashboard-header">
        <h1>Orchestration Analytics</h1>
        <OrchestratorSelector
          orchestrators={items}
          selected={orchestrator}
          loading={list.isPending}
          onSelect={(id) => changeView({ orchestrator: id, queue: null })}
        />
        <TimeRangeSelector value={range} onChange={(next) => changeView({ range: next })} />
        <div className="header-controls">
          <LiveControl failing={list.error !== null} />
          <ThemeToggle />
        </div>
      </header>
      <main>
        <PageNewsContext value={newsOf(list, orchestrator)}>
          <Content list={list} id={orchestrator} />
        </PageNewsContext>
      </main>
    </div>
  );
}

function newsOf(list: Result<Page<OrchestratorSummary>>, id: string | null): PageNews {
  const summary = list.data?.items.find((item) => item.id === id);
  return {
    apiDown: list.error !== null && list.data !== undefined,
    outage: summary?.state === "error" ? (summary.reason ?? "") : null,
  };
}

interface ContentProps {
  list: Result<Page<OrchestratorSummary>>;
  id: string | null;
}

function Content({ list, id }: ContentProps) {
  const paused = usePaused();
  const retry = (): void => void list.refetch();
  if (list.error?.unauthenticated) return <WholePage><SignIn /></WholePage>;
  if (list.data === undefined) {
    if (list.error === null) return <OrchestratorView id={id} />;
    return <WholePage><Failure error={list.error} onRetry={retry} /></WholePage>;
  }
  if (list.data.items.length === 0) return <WholePage><NoOrchestrator /></WholePage>;
  if (id !== null && !list.data.items.some((item) => item.id === id)) {
    return <WholePage><UnknownOrchestrator id={id} /></WholePage>;
  }
  return (
    <>
      {list.error !== null && (
        <DownBanner error={list.error} since={list.dataUpdatedAt} onRetry={retry} />
      )}
      {paused && (
        <p className="banner" role="status" data-testid="paused-banner">
          <span>
            <strong>Paused.</strong> All values are from <Moment at={list.dataUpdatedAt} />. Press{" "}
            <kbd>p</kbd> to go on.
          </span>
        </p>
      )}
      <OrchestratorView id={id} />
    </>
  );
}

function WholePage({ children }: { children: React.ReactNode }) {
  return <div className="whole-page">{children}</div>;
}

function NoOrchestrator() {
  return (
    <EmptyState title="No orchestrator yet" command="woa doctor">
      Nothing has been observed so far. This says which orchestrators are within reach and what is
      missing to watch them:
    </EmptyState>
  );
}

function UnknownOrchestrator({ id }: { id: string }) {
  return (
    <EmptyState title="This orchestrator is not known">
      No orchestrator has the id <code>{id}</code>. Choose one from the list above.
    </EmptyState>
  );
}

interface DownBannerProps {
  error: ApiError;
  since: number;
  onRetry: () => void;
}

function DownBanner({ error, since, onRetry }: DownBannerProps) {
  const { title, detail, code, requestId } = error.problem;
  return (
    <div className="banner banner-critical" role="alert" data-testid="api-down-banner">
      <span>
        <strong>{title}.</strong> {detail} All values are from <Moment at={since} />. (code{" "}
        <code>{code}</code>
        {requestId && (
          <>
            , request <code>{requestId}</code>
          </>
        )}
        )
      </span>
      <button type="button" onClick={onRetry}>
        Retry
      </button>
    </div>
  );
}
