import type { Provenance, SectionState, Trust } from "./types";

/** Why the value under `pointer` is null: its own reason, else the one of what contains it. */
export function reasonFor(provenance: Provenance, pointer: string): string | null {
  for (let place = pointer; place !== ""; place = place.slice(0, place.lastIndexOf("/"))) {
    const reason = provenance.unavailable[place];
    if (reason !== undefined) return reason;
  }
  return null;
}

export function isEstimated(provenance: Provenance, pointer: string): boolean {
  return provenance.estimated.includes(pointer);
}

const RANK: Record<SectionState, number> = { ok: 0, unsupported: 1, stale: 2, error: 3 };

/** What a list as a whole may claim: it is as good as its best row, and dated like it. */
export function trustOfList(items: readonly Trust[]): Trust | null {
  return items.reduce<Trust | null>(
    (best, item) => (best === null || RANK[item.state] < RANK[best.state] ? item : best),
    null,
  );
}
