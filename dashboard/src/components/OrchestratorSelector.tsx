import type { OrchestratorSummary } from "@/api/types";
import { percent } from "@/format/numbers";
import { statusWord } from "./StatusGlyph";

interface OrchestratorSelectorProps {
  orchestrators: readonly OrchestratorSummary[];
  selected: string | null;
  loading: boolean;
  onSelect: (id: string) => void;
}

/** A native list: it opens by keyboard, searches by typing and fits every screen. */
export function OrchestratorSelector(props: OrchestratorSelectorProps) {
  const { orchestrators, selected, loading, onSelect } = props;
  return (
    <label className="selector">
      <span className="visually-hidden">Orchestrator</span>
      <select
        data-testid="orchestrator-selector"
        value={selected ?? ""}
        disabled={orchestrators.length === 0}
        onChange={(event) => onSelect(event.target.value)}
      >
        {!orchestrators.some((item) => item.id === selected) && (
          <option value={selected ?? ""}>{loading ? "Loading" : "No orchestrator"}</option>
        )}
        {orchestrators.map((item) => (
          <option key={item.id} value={item.id}>
            {describe(item)}
          </option>
        ))}
      </select>
    </label>
  );
}

function describe(item: OrchestratorSummary): string {
  const name = `${item.orchestratorType} / ${item.instanceId} @ ${item.clusterName}`;
  const score = item.healthScore === null ? "" : ` ${percent(item.healthScore)}`;
  const simulated = item.simulated ? ", simulated" : "";
  return `${name}: ${statusWord(item.status)}${score}${simulated}`;
}
