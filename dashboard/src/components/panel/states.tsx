import type { ReactNode } from "react";
import type { ApiError } from "@/api/client";

/** What a panel shows in place of its content. */

export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className="skeleton-line" aria-hidden="true" />
      ))}
    </div>
  );
}

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  /** What to type next. */
  command?: string;
}

export function EmptyState({ title, children, command }: EmptyStateProps) {
  return (
    <div className="panel-message" data-testid="empty-state">
      <p className="message-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
      {command !== undefined && <Command text={command} />}
    </div>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <p className="command">
      <span aria-hidden="true">$ </span>
      <code>{text}</code>
    </p>
  );
}

export function NotReported({ reason }: { reason: string | null | undefined }) {
  return (
    <div className="panel-message" data-testid="not-reported">
      <p className="message-title">N/A</p>
      <p>Not reported by this orchestrator{reason ? `: ${reason}` : "."}</p>
    </div>
  );
}

export function NeverRead({ reason }: { reason: string | null | undefined }) {
  return (
    <div className="panel-message" data-testid="never-read">
      <p className="message-title">Nothing read yet</p>
      <p>The last attempt failed{reason ? `: ${reason}` : "."}</p>
      <Command text="woa doctor" />
    </div>
  );
}

interface FailureProps {
  error: ApiError;
  onRetry: () => void;
}

export function Failure({ error, onRetry }: FailureProps) {
  const { problem } = error;
  if (error.unauthenticated) return <SignIn />;
  return (
    <div className="panel-message" role="alert" data-testid="failure">
      <p className="message-title">{problem.title}</p>
      {problem.detail !== undefined && <p className="failure-detail">{problem.detail}</p>}
      <p className="failure-action">
        <FailureCodes error={error} />
        <button type="button" onClick={onRetry}>
          Retry
        </button>
      </p>
    </div>
  );
}

/** The failure of a panel that still shows the values it had before. */
export function FailureLine({ error, onRetry }: FailureProps) {
  return (
    <div className="notice notice-failed" role="alert" data-testid="failure-line">
      <span>
        Not refreshed: {error.problem.title}. {error.problem.detail} <FailureCodes error={error} />
      </span>
      <button type="button" onClick={onRetry}>
        Retry
      </button>
    </div>
  );
}

function FailureCodes({ error }: { error: ApiError }) {
  const { code, requestId } = error.problem;
  return (
    <span className="codes">
      code <code data-testid="failure-code">{code}</code>
      {requestId && (
        <>
          , request <code data-testid="failure-request">{requestId}</code>
        </>
      )}
    </span>
  );
}

export function SignIn() {
  return (
    <div className="panel-message" data-testid="sign-in">
      <p className="message-title">You are not signed in</p>
      <p>
        Run <code>woa login</code> for a link, and open it in this browser.
      </p>
      <Command text="woa login" />
    </div>
  );
}
