import type { HealthResponse, Trust } from "@/api/types";

/**
 * The trust of a health block. It is always the newest record's own: where that record tells of
 * an outage, its `critical` is news and no old value.
 */
export function healthTrust(health: HealthResponse): Trust {
  return health.state === "error" ? { ...health, state: "ok" } : health;
}

/** The trust of a frame; one whose section is absent, though called fine, reports nothing. */
export function sectionTrust(frame: Trust, section: object | null): Trust {
  if (section !== null || frame.state === "error" || frame.state === "unsupported") return frame;
  return { ...frame, state: "unsupported" };
}
