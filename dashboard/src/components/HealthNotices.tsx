import { useContext } from "react";
import type { OrchestratorHealth } from "@/api/types";
import { Moment } from "./panel/Age";
import { PageNewsContext } from "./panel/pageNews";

/** What failed while the sample was taken, and what the agent warns of. */
export function HealthNotices({ health }: { health: OrchestratorHealth }) {
  const { outage } = useContext(PageNewsContext);
  const { warnings } = health;
  const errors = health.errors.filter((error) => error.message !== outage);
  if (errors.length + warnings.length === 0) return null;
  return (
    <ul className="health-notices" data-testid="health-notices">
      {errors.map((error) => (
        <li key={`${error.source} ${error.code} ${error.message}`} className="notice notice-failed">
          <span>
            <code>{error.code}</code> {error.source}: {error.message}
            {error.count > 1 && ` (${error.count} times)`}, <Moment at={error.occurredAt} />
          </span>
        </li>
      ))}
      {warnings.map((warning) => (
        <li key={warning} className="notice">
          <span>{warning}</span>
        </li>
      ))}
    </ul>
  );
}
