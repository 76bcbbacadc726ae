import { type ReactNode, useContext, useId } from "react";
import type { ApiError } from "@/api/client";
import type { Result } from "@/api/queries";
import type { Trust } from "@/api/types";
import { Age } from "./Age";
import { TrustBadge } from "./TrustBadge";
import { PageNewsContext } from "./pageNews";
import { Failure, FailureLine, NeverRead, NotReported, Skeleton } from "./states";

interface PanelProps<Body> {
  title: string;
  testId: string;
  result: Result<Body>;
  /** How far the body may be trusted; null when the body has no rows to tell it by. */
  trustOf: (body: Body) => Trust | null;
  className?: string;
  heading?: ReactNode;
  actions?: ReactNode;
  skeletonLines?: number;
  /** Too small for notices: its badge has to do. The panel of the same data shows them. */
  compact?: boolean;
  children: (body: Body) => ReactNode;
}

/**
 * The frame of every panel: it alone decides between skeleton, failure, not reported, stale and
 * shown, so that all panels tell the same story the same way.
 */
export function Panel<Body>(props: PanelProps<Body>) {
  const { title, testId, result, className = "", heading, actions } = props;
  const id = useId();
  const trust = result.data === undefined ? null : props.trustOf(result.data);
  const state = panelState(result, trust);
  return (
    <section
      className={`panel ${className}`}
      aria-labelledby={id}
      aria-busy={state === "loading"}
      data-testid={testId}
      data-state={state}
    >
      <header className="panel-header">
        <h2 id={id}>
          {heading}
          {title}
        </h2>
        {trust !== null && state !== "outdated" && <TrustBadge trust={trust} />}
        {state === "outdated" && (
          <span
            className="badge badge-stale"
            data-testid="outdated-badge"
            title={result.error === null ? "" : describe(result.error)}
          >
            not refreshed, from <Age at={trust?.observedAt ?? result.dataUpdatedAt} />
          </span>
        )}
        {actions !== undefined && <div className="panel-actions">{actions}</div>}
      </header>
      <PanelBody {...props} state={state} trust={trust} />
    </section>
  );
}

export type PanelState =
  | "loading"
  | "failed"
  | "outdated"
  | "unsupported"
  | "never-read"
  | "stale"
  | "error"
  | "ok";

function panelState<Body>(result: Result<Body>, trust: Trust | null): PanelState {
  if (result.data === undefined) return result.error === null ? "loading" : "failed";
  if (trust?.state === "unsupported") return "unsupported";
  if (trust?.state === "error" && trust.observedAt === null) return "never-read";
  if (result.error !== null) return "outdated";
  return trust?.state ?? "ok";
}

function describe({ problem }: ApiError): string {
  return `${problem.title} (${problem.code}${problem.requestId ? `, ${problem.requestId}` : ""})`;
}

interface PanelBodyProps<Body> extends PanelProps<Body> {
  state: PanelState;
  trust: Trust | null;
}

function PanelBody<Body>(props: PanelBodyProps<Body>) {
  const { result, state, trust, skeletonLines = 3, compact = false, children } = props;
  const retry = (): void => void result.refetch();
  if (result.data === undefined && result.error !== null) {
    return <div className="panel-body"><Failure error={result.error} onRetry={retry} /></div>;
  }
  if (result.data === undefined) {
    return <div className="panel-body"><Skeleton lines={skeletonLines} /></div>;
  }
  if (state === "unsupported") {
    return <div className="panel-body"><NotReported reason={trust?.reason} /></div>;
  }
  if (state === "never-read") {
    return <div className="panel-body"><NeverRead reason={trust?.reason} /></div>;
  }
  return (
    <>
      {!compact && <PanelNotices result={result} trust={trust} onRetry={retry} />}
      <div className={`panel-body ${result.isPlaceholderData ? "waiting" : ""}`}>
        {children(result.data)}
      </div>
    </>
  );
}

interface PanelNoticesProps<Body> {
  result: Result<Body>;
  trust: Trust | null;
  onRetry: () => void;
}

/** Why the values are old, unless the page has said it already. */
function PanelNotices<Body>({ result, trust, onRetry }: PanelNoticesProps<Body>) {
  const { apiDown, outage } = useContext(PageNewsContext);
  // A section's reason has the code before the words that the page has for the whole.
  const told = outage !== null && trust?.reason?.includes(outage);
  return (
    <>
      {result.error !== null && !apiDown && <FailureLine error={result.error} onRetry={onRetry} />}
      {trust?.state === "error" && trust.reason && !told && (
        <p className="notice notice-failed" data-testid="read-failed">
          {trust.reason}
        </p>
      )}
    </>
  );
}
