import type { ScorePart } from "@/api/types";
import { exact, percent, points } from "@/format/numbers";
import { Value } from "./Value";

/** One part of the health score: what it weighs, what it gave, on what evidence, and its repair. */
export function ScorePartCard({ part }: { part: ScorePart }) {
  const known = part.score !== null;
  const id = `part-${part.name}`;
  return (
    <article className={known ? "part" : "part part-unknown"} data-testid={id} data-known={known}>
      <h3>{part.name.replaceAll("_", " ")}</h3>
      {known && <PartBar part={part} />}
      <dl className="facts">
        <Fact name="score" value={part.score} testId={`${id}-score`} reason={part.reason} />
        <Fact name="weight" value={part.weight} testId={`${id}-weight`} />
        <Fact name="effective weight" value={part.effectiveWeight} testId={`${id}-effective-weight`} />
        <Fact name="contribution" value={part.contribution} testId={`${id}-contribution`} reason={part.reason} />
      </dl>
      {known ? (
        <p>{part.evidence}</p>
      ) : (
        <p data-testid={`${id}-reason`}>Not known: {part.reason ?? part.evidence}</p>
      )}
      <RawValues part={part} />
      {part.repair && (
        <p className="repair" data-testid={`${id}-repair`}>
          <strong>Repair:</strong> {part.repair}
          {part.gain !== null && part.gain !== undefined && (
            <span className="gain">
              {" "}
              Raises the score by <Value value={part.gain} format={points} testId={`${id}-gain`} />.
            </span>
          )}
        </p>
      )}
    </article>
  );
}

interface FactProps {
  name: string;
  value: number | null;
  testId: string;
  reason?: string | null | undefined;
}

function Fact({ name, value, testId, reason }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Value value={value} format={percent} testId={testId} reason={reason} />
      </dd>
    </div>
  );
}

/** As wide as the part weighs, as full as it scored. */
function PartBar({ part }: { part: ScorePart }) {
  return (
    <div className="part-bar" aria-hidden="true">
      <div className="part-bar-weight" style={{ width: `${part.effectiveWeight * 100}%` }}>
        <div className="part-bar-score" style={{ width: `${(part.score ?? 0) * 100}%` }} />
      </div>
    </div>
  );
}

function RawValues({ part }: { part: ScorePart }) {
  const entries = Object.entries(part.raw);
  if (entries.length === 0) return null;
  return (
    <dl className="raw">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-testid={`part-${part.name}-raw-${name}`} data-value={value ?? "null"}>
            {value === null ? "not known" : typeof value === "number" ? exact(value) : value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
