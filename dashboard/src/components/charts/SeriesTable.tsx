import { useNow } from "@/state/clock";
import { moment } from "@/format/times";
import type { Line } from "./lines";

interface SeriesTableProps {
  label: string;
  t: readonly number[];
  lines: readonly Line[];
  format: (value: number) => string;
}

/** The numbers of a chart, newest first. */
export function SeriesTable({ label, t, lines, format }: SeriesTableProps) {
  const now = useNow();
  const newestFirst = t.map((_, step) => t.length - 1 - step);
  return (
    <div className="table-scroll chart-table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map((line) => (
              <th key={line.key} scope="col" className="number">
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newestFirst.map((step) => (
            <tr key={t[step]}>
              <th scope="row">{moment(t[step] ?? 0, now)}</th>
              {lines.map((line) => (
                <Cell key={line.key} value={line.values[step] ?? null} format={format} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ value, format }: { value: number | null; format: (value: number) => string }) {
  if (value !== null) return <td className="number">{format(value)}</td>;
  return (
    <td className="number absent">
      <span aria-hidden="true">—</span>
      <span className="visually-hidden">no sample</span>
    </td>
  );
}
