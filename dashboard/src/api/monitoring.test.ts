import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OrchestrationMonitoringService } from "./monitoring";

/** Stands for the browser's: a test opens, fills and closes it. */
class FakeSocket {
  static made: FakeSocket[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onopen: (() => void) | null = null;
  readonly said: Record<string, unknown>[] = [];

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.said.push(JSON.parse(text) as Record<string, unknown>);
  }

  open(): void {
    this.onopen?.();
  }

  close(): void {
    this.onclose?.();
  }

  hear(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function newest(): FakeSocket {
  const socket = FakeSocket.made.at(-1);
  if (socket === undefined) throw new Error("nothing connected");
  return socket;
}

let page = Object.assign(new EventTarget(), { visibilityState: "visible" });

beforeEach(() => {
  FakeSocket.made = [];
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("document", page);
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const event = { type: "scaling_event", topic: "scaling-events", cursor: "7.1" };

test("asks for its topics when it is connected, and tells what comes", () => {
  const service = new OrchestrationMonitoringService("ws://here/ws");
  const told: unknown[] = [];
  service.subscribeToOrchestrator("a", (data) => told.push(data));
  newest().open();
  const update = { type: "orchestrator_update", cursor: "7.1", payload: { snapshot: true } };
  newest().hear({ type: "ack", topic: "orchestrator:a", cursor: "7.0", payload: {} });
  newest().hear({ type: "error", topic: "orchestrator:a", cursor: null, payload: {} });
  newest().hear({ ...update, topic: "orchestrator:a" });
  newest().hear({ ...update, topic: "orchestrator:b" });

  expect(newest().said).toEqual([
    { action: "subscribe", topics: ["orchestrator:a"], cursor: null },
  ]);
  expect(told).toEqual([{ snapshot: true }]);
});

test("a gap is told to who listens to its topic", () => {
  const service = new OrchestrationMonitoringService("ws://here/ws");
  const told = vi.fn();
  service.subscribeToScalingEvents(told);
  newest().open();
  const lost = { after: "1.1", before: "1.2" };
  newest().hear({ type: "gap", topic: "scaling-events", cursor: "1.2", payload: lost });

  expect(told.mock.calls[0]?.[0]).toEqual(lost);
});

test("comes back after a loss, and goes on behind what it heard", () => {
  const service = new OrchestrationMonitoringService("ws://here/ws");
  service.subscribeToScalingEvents(() => undefined);
  newest().open();
  newest().hear({ ...event, payload: {} });
  newest().close();
  const lost = service.connected;
  vi.advanceTimersByTime(500);
  newest().open();

  expect([lost, service.connected, FakeSocket.made.length]).toEqual([false, true, 2]);
  expect(newest().said).toEqual([
    { action: "subscribe", topics: ["scaling-events"], cursor: "7.1" },
  ]);
});

test("waits longer each time, half a minute at most", () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  new OrchestrationMonitoringService("ws://here/ws");
  const waits: number[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    newest().close();
    const before = FakeSocket.made.length;
    let waited = 0;
    while (FakeSocket.made.length === before) {
      vi.advanceTimersByTime(500);
      waited += 500;
    }
    waits.push(waited);
  }

  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  vi.restoreAllMocks();
});

test("a page that nobody looks at comes back when it is seen", () => {
  new OrchestrationMonitoringService("ws://here/ws");
  page.visibilityState = "hidden";
  newest().close();
  vi.advanceTimersByTime(60_000);
  page.dispatchEvent(new Event("visibilitychange"));
  const hidden = FakeSocket.made.length;
  page.visibilityState = "visible";
  page.dispatchEvent(new Event("visibilitychange"));

  expect([hidden, FakeSocket.made.length]).toEqual([1, 2]);
});

test("the last listener of a topic ends it", () => {
  const service = new OrchestrationMonitoringService("ws://here/ws");
  newest().open();
  const ends = [1, 2].map(() => service.subscribeToWorkerPool("p", () => undefined));
  ends[0]?.();
  const before = newest().said.map((each) => each["action"]);
  ends[1]?.();
  ends[1]?.();

  expect(before).toEqual(["subscribe", "subscribe"]);
  expect(newest().said.at(-1)).toEqual({ action: "unsubscribe", topics: ["worker-pool:p"] });
  expect(newest().said.length).toBe(3);
});

test("once closed it stays closed", () => {
  const service = new OrchestrationMonitoringService("ws://here/ws");
  newest().open();
  service.close();
  vi.advanceTimersByTime(60_000);

  expect(service.connected).toBe(false);
  expect(FakeSocket.made.length).toBe(1);
});

test("says when the connection comes and goes", () => {
  const service = new OrchestrationMonitoringService("ws://here/ws");
  const seen: boolean[] = [];
  const end = service.onConnection(() => seen.push(service.connected));
  newest().open();
  newest().close();
  end();
  vi.advanceTimersByTime(500);
  newest().open();

  expect(seen).toEqual([true, false]);
});
