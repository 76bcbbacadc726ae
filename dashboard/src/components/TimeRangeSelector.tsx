const RANGES = ["15m", "1h", "6h", "24h", "7d"];

interface TimeRangeSelectorProps {
  value: string;
  onChange: (range: string) => void;
}

/** The usual ranges, and the one of the link if it is another. */
export function TimeRangeSelector({ value, onChange }: TimeRangeSelectorProps) {
  const ranges = RANGES.includes(value) ? RANGES : [...RANGES, value];
  return (
    <fieldset className="segments" data-testid="time-range-selector" data-value={value}>
      <legend className="visually-hidden">Time range</legend>
      {ranges.map((range) => (
        <label key={range}>
          <input
            type="radio"
            name="range"
            value={range}
            checked={range === value}
            onChange={() => onChange(range)}
          />
          <span>{range}</span>
        </label>
      ))}
    </fieldset>
  );
}
