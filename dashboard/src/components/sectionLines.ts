import { isEstimated, reasonFor } from "@/api/provenance";
import type { Known, Provenance } from "@/api/types";
import type { Line } from "./charts";

export type LineStyle = Pick<Line, "label" | "color" | "dash" | "filled">;
export type LineStyles<Column extends string> = Partial<Record<Column, LineStyle>>;

interface Section<Column extends string> {
  name: "capacity" | "scheduling";
  body: Provenance;
  current: Partial<Record<Column, Known>> | null;
  series: Record<Column, Known[]>;
}

/** The curves of a section that `styles` names, each with its current value and its reason. */
export function sectionLines<Column extends string>(
  { name, body, current, series }: Section<Column>,
  styles: LineStyles<Column>,
  format: (value: number) => string,
): Line[] {
  return Object.entries<LineStyle | undefined>(styles).flatMap(([key, style]) => {
    if (style === undefined) return [];
    const pointer = `/${name}/${key}`;
    return {
      ...style,
      key,
      values: series[key as Column],
      current: {
        value: current?.[key as Column] ?? null,
        format,
        reason: reasonFor(body, pointer),
        estimated: isEstimated(body, pointer),
      },
    };
  });
}
