import { createContext } from "react";

/** What the page says above its panels, so that they need not all say it again. */
export interface PageNews {
  /** The API is gone; one banner says so and offers to try again. */
  apiDown: boolean;
  /** Why the orchestrator as a whole cannot be read; null while it can. */
  outage: string | null;
}

export const PageNewsContext = createContext<PageNews>({ apiDown: false, outage: null });
