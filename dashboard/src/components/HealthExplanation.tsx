import { useEffect, useRef } from "react";
import type { HealthResponse } from "@/api/types";
import { percent } from "@/format/numbers";
import { changeView } from "@/state/url";
import { Bottlenecks, Recommendations } from "./Findings";
import { ScorePartCard } from "./ScorePartCard";
import { StatusLabel } from "./StatusGlyph";
import { Value } from "./Value";
import { Moment } from "./panel/Age";
import { TrustBadge } from "./panel/TrustBadge";
import { healthTrust } from "./panel/section";

/** How the health score came about: a modal dialog over the page. */
export function HealthExplanation({ data }: { data: HealthResponse }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);
  const { health, analysis } = data;
  const { diagnostics } = health;
  return (
    <dialog
      ref={dialog}
      className="explanation"
      aria-labelledby="explanation-title"
      data-testid="health-explanation"
      onClose={() => changeView({ explain: null }, "replace")}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
    >
      <div className="explanation-frame">
        <header>
          <h2 id="explanation-title">
            Why{" "}
            <Value value={health.healthScore} format={percent} testId="explain-score" absent="N/A" />
          </h2>
          <StatusLabel status={health.status} testId="explain-status" />
          <TrustBadge trust={healthTrust(data)} />
          <form method="dialog">
            <button type="submit">Close</button>
          </form>
        </header>
        <div className="explanation-body" tabIndex={0} role="region" aria-label="Explanation">
          <p data-testid="status-reason">
            {diagnostics.statusReason ?? "The status follows from the score."}
          </p>
          <p className="muted" data-testid="explain-basis">
            Observed <Moment at={data.observedAt} />.
            {diagnostics.previousStatus !== null && diagnostics.previousStatus !== health.status && (
              <> Before, it was {diagnostics.previousStatus}.</>
            )}{" "}
            <Value value={diagnostics.coverage} format={percent} testId="explain-coverage" /> of the
            weights rest on known values; the weights of unknown parts are shared out among the
            known ones. Contributions add up to the score.
          </p>
          {diagnostics.scoreParts.length === 0 && <p>Nothing is known that could be scored.</p>}
          {diagnostics.scoreParts.map((part) => (
            <ScorePartCard key={part.name} part={part} />
          ))}
          <Bottlenecks found={analysis?.bottlenecks ?? []} />
          <Recommendations found={analysis?.recommendations ?? []} />
        </div>
      </div>
    </dialog>
  );
}
