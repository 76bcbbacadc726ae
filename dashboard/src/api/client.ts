import { noteServerDate } from "@/state/clock";
import type { Page, Problem } from "./types";

const BASE = "/api/v1/orchestration-analytics";
const TIMEOUT_MS = 15_000;
const PAGE_SIZE = 200;
const MAX_PAGES = 25;

/** A request that gave no data; `problem` is what to tell the reader. */
export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfterMs: number | null = null,
  ) {
    super(problem.title);
    this.name = "ApiError";
  }

  get unauthenticated(): boolean {
    return this.problem.status === 401;
  }
}

export type Query = Record<string, string | number>;

export async function get<Body>(path: string, query: Query, signal: AbortSignal): Promise<Body> {
  const response = await send(`${BASE}${path}${search(query)}`, signal);
  noteServerDate(response.headers.get("date"));
  if (!response.ok) throw await refusal(response);
  try {
    return (await response.json()) as Body;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError({
      title: "The answer was not JSON",
      status: response.status,
      code: "not_json",
      detail: "Something between this page and the API answered in its place.",
    });
  }
}

/** Every item of a list, page after page. Ends with what it has at the last page it may ask for. */
export async function getAll<Item>(
  path: string,
  query: Query,
  signal: AbortSignal,
): Promise<Page<Item>> {
  const items: Item[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const paged: Query = cursor === null ? query : { ...query, cursor };
    const body: Page<Item> = await get(path, { ...paged, limit: PAGE_SIZE }, signal);
    items.push(...body.items);
    cursor = body.nextCursor;
    if (cursor === null) break;
  }
  return { items, nextCursor: cursor };
}

function search(query: Query): string {
  const text = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)]),
  ).toString();
  return text === "" ? "" : `?${text}`;
}

async function send(url: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { Accept: "application/json, application/problem+json" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError({
      title: late ? "The API did not answer in time" : "The API cannot be reached",
      status: 0,
      code: late ? "timeout" : "unreachable",
      detail: "Is `woa up` still running?",
    });
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const body = await parsed(response);
  const problem: Problem = {
    title: text(body["title"]) ?? `The API answered ${response.status}`,
    status: response.status,
    code: text(body["code"]) ?? `http_${response.status}`,
    requestId: text(body["requestId"]) ?? response.headers.get("x-request-id"),
  };
  const detail = text(body["detail"]);
  if (detail !== null) problem.detail = detail;
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new ApiError(problem, Number.isFinite(seconds) ? seconds * 1000 : null);
}

async function parsed(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    // Not every proxy speaks problem+json; the status line says enough then.
    return {};
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
